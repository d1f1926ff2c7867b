import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * Each file whole, in their order, and what else the folder holds removed after the last: a program that runs meanwhile
 * never finds a half.
 *
 * @param {string} folder
 * @param {readonly (readonly [file: string, contents: string | Uint8Array])[]} files
 */
export function replaceFolder(folder, files) {
  for (const [file, contents] of files) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, contents);
    renameSync(`${file}.${process.pid}`, file);
  }
  const current = new Set(files.map(([file]) => file));
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && !current.has(file)) rmSync(file);
  }
}
