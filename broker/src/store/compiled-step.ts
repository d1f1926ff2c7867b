import type { Statement } from "./statement.js";

/**
 * What a step does, in SQL. `first` is the one statement that, as a guard, must change exactly one row; `rest` follows
 * only if it did. Each statement carries its condition, because all of them run in one batch whatever the guard did.
 */
export interface CompiledStep {
  readonly first: Statement;
  readonly rest: readonly Statement[];
}

/** A step of one statement. */
export function single(first: Statement): CompiledStep {
  return { first, rest: [] };
}
