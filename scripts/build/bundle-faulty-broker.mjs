/** Bundles the broker that the crash matrix kills, as broker/build does the real one: the matrix starts one for each fault. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bundleProgram } from "../../shared/build/bundle-program.mjs";
import { filesBelow } from "../../shared/build/files-below.mjs";
import { replaceFolder } from "../../shared/build/replace-folder.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const folder = path.join(root, "dist", "faults", "bin");

replaceFolder(folder, [
  ...filesBelow(path.join(root, "../broker/src/store/migrations"), path.join(folder, "migrations")),
  ...(await bundleProgram({ entry: path.join(root, "src", "faults", "broker.ts"), folder, name: "faulty-broker" })),
]);
