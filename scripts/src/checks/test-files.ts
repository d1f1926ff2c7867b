import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { targetOf } from "./modules.js";
import { parseSource } from "./source-file.js";

export const TEST_PARTS = ["unit", "integration", "e2e"] as const;
export type TestPart = (typeof TEST_PARTS)[number];

/** Every test file with the part it belongs to, by path. */
export function listTests(root: string): ReadonlyMap<string, TestPart> {
  const folders = ["shared", "broker", "cli", "scripts"].flatMap((name) => [`${name}/src`, `${name}/test`]);
  const tests = folders.flatMap((folder) => list(root, folder)).sort();
  return new Map(tests.map((path) => [path, partOf(root, path)]));
}

/** What runs the built programs is end to end; what uses a real server of the environment is integration; the rest is unit. */
function partOf(root: string, path: string): TestPart {
  if (/^(?:[^/]+\/test\/|scripts\/src\/[^/]+$)/.test(path)) return "e2e";
  return usesEnvironment(root, path, new Set()) ? "integration" : "unit";
}

/** Directly, or through its `*.testing.ts`. */
function usesEnvironment(root: string, path: string, seen: Set<string>): boolean {
  seen.add(path);
  const file = parseSource(path, read(join(root, path)));
  const targets = file.imports.flatMap(({ specifier }) => {
    const target = targetOf(file, specifier);
    return target.kind === "file" ? [target.path] : [];
  });
  return targets.some(
    (target) =>
      target.startsWith("scripts/src/environment/") ||
      (target.endsWith(".testing.ts") && !seen.has(target) && usesEnvironment(root, target, seen)),
  );
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // the type checker says that it is missing
  }
}

function list(root: string, folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) return list(root, path);
      return entry.name.endsWith(".test.ts") ? [path] : [];
    });
  } catch {
    return []; // a package without this folder
  }
}
