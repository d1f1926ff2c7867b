/**
 * Bundles the broker into `dist/bin`: one CommonJS file with V8's code cache beside it (shared/build/loader.cjs), and the
 * migrations. A start reads three files instead of nine hundred and compiles none of them.
 */
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { cachedProgram } from "../../shared/build/cached-program.mjs";
import { replaceFolder } from "../../shared/build/replace-folder.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const out = path.join(root, "dist", "bin");
const migrations = path.join(root, "src", "store", "migrations");

// For what runs the compiled files one by one: scripts, and programs around the broker.
const beside = path.join(root, "dist", "store", "migrations");
rmSync(beside, { recursive: true, force: true });
cpSync(migrations, beside, { recursive: true });

const { outputFiles } = await build({
  entryPoints: [path.join(root, "src", "main.ts")],
  outfile: path.join(out, "broker.cjs"),
  bundle: true,
  platform: "node",
  target: "node20.17",
  format: "cjs",
  // Not minified: a stack in the broker's log is read by people.
  sourcemap: "linked", // for node --enable-source-maps
  sourcesContent: false,
  conditions: ["source"], // workspace packages from their sources: never a stale build
  external: ["libsql", "pg-native"], // native: the one is in node_modules, the other is never there
  // A module asks where it is only to find the migrations, which stand beside the bundle.
  define: { "import.meta.url": "phiModuleUrl" },
  banner: { js: 'const phiModuleUrl=require("node:url").pathToFileURL(__filename).href;' },
  legalComments: "none",
  write: false,
  logLevel: "warning",
});
const [script, map] = [".cjs", ".map"].map((end) => outputFiles.find(({ path: file }) => file.endsWith(end)));

// esbuild writes ASCII, but for comments and regular expressions; in both, an escape means the same.
const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
const ascii = script.text.replaceAll(/[^\0-\x7f]/g, escaped);

const sql = readdirSync(migrations, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
replaceFolder(out, [
  ...sql.map((entry) => {
    const file = path.join(entry.parentPath, entry.name);
    return [path.join(out, "migrations", path.relative(migrations, file)), readFileSync(file)];
  }),
  [map.path, map.contents],
  ...(await cachedProgram(out, "broker", ascii)),
]);
