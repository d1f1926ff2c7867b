import { targetOf, type Violation } from "./modules.js";
import type { SourceFile } from "./source-file.js";

/** What runs for every `phi exec`; loading one library here costs more than all of phi's own work (facts: speed). */
const ROOTS = ["main", "commands/exec", "commands/shell", "commands/env", "commands/prompt"].map(
  (name) => `cli/src/${name}.ts`,
);

/**
 * Follows what is loaded at once from the hot path (not `import type`, not `import()`), through shared too, and reports
 * every library it reaches, with the way there.
 */
export function checkHotPath(files: readonly SourceFile[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const cameFrom = new Map<string, string | undefined>(ROOTS.map((root) => [root, undefined]));
  const violations: Violation[] = [];
  // A Map may grow while it is walked: this visits each file once, nearest first.
  for (const path of cameFrom.keys()) {
    const file = byPath.get(path);
    for (const { specifier, line } of file?.imports.filter((one) => !one.typeOnly && !one.dynamic) ?? []) {
      const target = file === undefined ? undefined : targetOf(file, specifier);
      if (target?.kind === "file" && !cameFrom.has(target.path)) cameFrom.set(target.path, path);
      if (target?.kind === "npm") {
        const way = wayTo(path, cameFrom);
        violations.push({
          path,
          line,
          message: `imports ${specifier}: it is loaded for every phi exec (${way}), which has to start fast; load it with import() where it is needed`,
        });
      }
    }
  }
  return violations;
}

function wayTo(path: string, cameFrom: ReadonlyMap<string, string | undefined>): string {
  const steps = [path];
  for (let before = cameFrom.get(path); before !== undefined; before = cameFrom.get(before)) steps.unshift(before);
  return steps.join(" → ");
}
