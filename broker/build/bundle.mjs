/** Bundles the broker into `dist/bin`, with the migrations beside it, where its store looks for them. */
import { cpSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundleProgram } from "../../shared/build/bundle-program.mjs";
import { filesBelow } from "../../shared/build/files-below.mjs";
import { replaceFolder } from "../../shared/build/replace-folder.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const folder = path.join(root, "dist", "bin");
const migrations = path.join(root, "src", "store", "migrations");

replaceFolder(folder, [
  ...filesBelow(migrations, path.join(folder, "migrations")),
  ...(await bundleProgram({ entry: path.join(root, "src", "main.ts"), folder, name: "broker" })),
]);

// For programs around the broker, which read its compiled files one by one.
const beside = path.join(root, "dist", "store", "migrations");
rmSync(beside, { recursive: true, force: true });
cpSync(migrations, beside, { recursive: true });
