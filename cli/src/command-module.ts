import type { Command } from "commander";
import type { Invocation } from "./invocation.js";

/** Runs the work of a command and keeps its exit code. */
export type Run = (work: (phi: Invocation) => Promise<number>) => Promise<void>;

/** What every file in `commands/` is: flags, arguments and examples of one command, and what it does. Read when it is called. */
export interface CommandModule {
  /** Shown first in its help; without the `$`. */
  readonly examples: readonly string[];
  define(command: Command, run: Run): void;
}
