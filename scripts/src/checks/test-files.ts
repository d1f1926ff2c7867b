import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

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
  if (/^[^/]+\/test\//.test(path)) return "e2e";
  if (path.startsWith("scripts/src/environment/")) return "integration";
  return usesEnvironment(root, path, new Set()) ? "integration" : "unit";
}

/** Directly, or through its `*.testing.ts`. */
function usesEnvironment(root: string, path: string, seen: Set<string>): boolean {
  if (seen.has(path)) return false;
  seen.add(path);
  const text = read(join(root, path));
  if (text.includes("@phi/scripts/environment/")) return true;
  return [...text.matchAll(/["'](\.{1,2}\/[^"']*\.testing)\.js["']/g)].some((match) =>
    usesEnvironment(root, `${posix.join(posix.dirname(path), match[1] ?? "")}.ts`, seen),
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
