import path from "node:path";
import { build } from "esbuild";
import { cachedProgram } from "./cached-program.mjs";

/**
 * The files of a Node program in one CommonJS file with V8's code cache beside it: a start reads three files instead of
 * nine hundred, and compiles none. `main.cjs`, the last one, is what to run.
 *
 * @param {{ readonly entry: string; readonly folder: string; readonly name: string }} order absolute paths
 * @returns {Promise<[file: string, contents: string | Uint8Array][]>}
 */
export async function bundleProgram({ entry, folder, name }) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    outfile: path.join(folder, `${name}.cjs`),
    bundle: true,
    platform: "node",
    target: "node20.17",
    format: "cjs",
    // Not minified: a stack in a log is read by people.
    sourcemap: "linked", // for node --enable-source-maps
    sourcesContent: false,
    conditions: ["source"], // workspace packages from their sources: never a stale build
    external: ["libsql", "pg-native"], // native: the one is in node_modules, the other is never there
    // What a module finds by its own place has to stand beside the bundle.
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
  return [[map.path, map.contents], ...(await cachedProgram(folder, name, ascii))];
}
