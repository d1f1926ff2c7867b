import { checkArrows } from "./arrows.js";
import { checkHabits } from "./habits.js";
import { checkHotPath } from "./hot-path.js";
import { checkLibraries } from "./libraries.js";
import type { Violation } from "./modules.js";
import { readSources } from "./source-file.js";
import { checkVersions } from "./versions.js";

/** Everything in the repository at `root` that is not as the design wants it, by path and line, and how many files were read. */
export function checkBoundaries(root: string): { readonly files: number; readonly violations: readonly Violation[] } {
  const files = readSources(root);
  const violations = [
    ...checkArrows(files),
    ...checkLibraries(files),
    ...checkHabits(files),
    ...checkHotPath(files),
    ...checkVersions(root),
  ];
  violations.sort((a, b) => (a.path === b.path ? (a.line ?? 0) - (b.line ?? 0) : a.path < b.path ? -1 : 1));
  return { files: files.length, violations };
}
