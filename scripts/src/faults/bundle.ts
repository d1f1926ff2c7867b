import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const PROGRAM = fileURLToPath(new URL("../../dist/faults/broker.js", import.meta.url));
const OURS = /[\\/](?:broker|shared|scripts)[\\/]dist[\\/].*\.js$/;

/**
 * Runs the script beside it with V8's code cache, which it makes when it is called with `--make-cache`: after a run of all that is there
 * at the start, so that it has every function that a start compiles.
 */
const LOADER = `
const { Script } = require("node:vm");
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const file = __dirname + "/faulty-broker.cjs";
const cache = file + ".cache";
const text = "(function(exports,require,module,__filename,__dirname){" + readFileSync(file, "utf8") + "\\n})";
const script = new Script(text, { filename: file, ...(existsSync(cache) ? { cachedData: readFileSync(cache) } : {}) });
const program = { exports: {} };
script.runInThisContext()(program.exports, require, program, file, __dirname);
if (process.argv[2] === "--make-cache") writeFileSync(cache, script.createCachedData());
else program.exports.run();
`;

/**
 * The broker that dies, in one file below `folder`, and how to start it: it is started some thousand times, and most of a start would be the
 * reading and compiling of its six hundred modules. What they find beside themselves they find where it always is.
 */
export async function bundleFaultyBroker(folder: string): Promise<string> {
  const fromBroker = createRequire(new URL("../../../broker/package.json", import.meta.url));
  await build({
    entryPoints: [PROGRAM],
    outfile: join(folder, "faulty-broker.cjs"),
    bundle: true,
    minify: true, // half the bytes to read at each start
    keepNames: true, // errors are told apart, and logged, by name
    platform: "node",
    format: "cjs",
    target: "node20.17",
    logLevel: "error",
    plugins: [
      {
        name: "where things are",
        setup({ onLoad, onResolve }) {
          // It holds a native binary.
          onResolve({ filter: /^libsql(?:\/|$)/ }, ({ path }) => ({ path: fromBroker.resolve(path), external: true }));
          onLoad({ filter: OURS }, ({ path }) => ({
            contents: readFileSync(path, "utf8").replaceAll(
              "import.meta.url",
              JSON.stringify(pathToFileURL(path).href),
            ),
            loader: "js",
          }));
        },
      },
    ],
  });
  const loader = join(folder, "start-faulty-broker.cjs");
  writeFileSync(loader, LOADER);
  const made = spawnSync(process.execPath, [loader, "--make-cache"], { encoding: "utf8", env: {} });
  if (made.status !== 0) throw new Error(`the broker that dies cannot be bundled: ${made.stderr.slice(-500)}`);
  return loader;
}
