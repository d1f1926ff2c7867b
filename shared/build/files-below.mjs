import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/**
 * Every file below a folder, as it would stand below another.
 *
 * @returns {[file: string, contents: Buffer][]}
 */
export function filesBelow(folder, as) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => [path.join(as, path.relative(folder, file)), readFileSync(file)]);
}
