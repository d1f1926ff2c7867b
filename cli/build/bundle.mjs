/**
 * Bundles the CLI in two halves.
 *
 * - `dist/bin/hot-….cjs`: the entry and the hot commands in one CommonJS file, because a CommonJS start is a quarter
 *   quicker than an ES module's, with V8's code cache beside it; `main.cjs` is the few lines that run it (loader.cjs).
 *   It may hold nothing from node_modules; the build fails when it does.
 * - `dist/bin/lazy/*.mjs`: everything else as ES modules with shared chunks, read only when a command needs it.
 *
 * Each import() of the entry that names one of LAZY is pointed at its chunk; all other imports are bundled in place.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { cachedProgram } from "../../shared/build/cached-program.mjs";
import { replaceFolder } from "../../shared/build/replace-folder.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const source = (file) => path.join(root, "src", file);
const out = path.join(root, "dist", "bin");
const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));

/** What the entry reads only when it needs it, by path below src/. */
const LAZY = [
  "program.ts",
  "commands/stand-in.ts",
  "terminal/pick.ts",
  "witness/settle-shown.ts",
  "broker-client/undici-transport.ts",
  "child/recorded/run-recorded.ts",
];
/** Most bytes of the entry: parsing is part of every start. */
const ENTRY_LIMIT = 64 * 1024;

/** @type {import("esbuild").BuildOptions} */
const common = {
  bundle: true,
  platform: "node",
  target: "node20.17",
  minify: true, // half the bytes to parse at each start
  sourcemap: "linked", // for node --enable-source-maps with PHI_DEBUG=1
  conditions: ["source"], // workspace packages from their sources: never a stale build
  external: ["@napi-rs/keyring", "@lydell/node-pty"], // hold native binaries, and may be missing
  define: { PHI_VERSION: JSON.stringify(version) },
  legalComments: "none",
  metafile: true,
  write: false,
  logLevel: "warning",
};

const chunkOf = (file) => `./lazy/${path.basename(file, ".ts")}.mjs`;

/** @type {import("esbuild").Plugin} */
const pointAtChunks = {
  name: "point import() at the lazy half",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\// }, ({ kind, path: to, resolveDir }) => {
      const file = path.relative(source("."), path.resolve(resolveDir, to)).replace(/\.js$/, ".ts");
      if (kind !== "dynamic-import" || !LAZY.includes(file)) return undefined;
      return { path: chunkOf(file), external: true };
    });
  },
};

const [entry, lazy] = await Promise.all([
  build({
    ...common,
    entryPoints: [source("main.ts")],
    outfile: path.join(out, "hot.cjs"),
    format: "cjs",
    plugins: [pointAtChunks],
  }),
  build({
    ...common,
    entryPoints: LAZY.map(source),
    entryNames: "[name]",
    chunkNames: "part-[hash]",
    outdir: path.join(out, "lazy"),
    outExtension: { ".js": ".mjs" },
    format: "esm",
    splitting: true,
    // Some CommonJS packages inside call require() for node's own modules.
    banner: {
      js: 'import { createRequire as phiCreateRequire } from "node:module"; const require = phiCreateRequire(import.meta.url);',
    },
  }),
]);

const [{ inputs, bytes }] = Object.values(entry.metafile.outputs).filter(({ entryPoint }) => entryPoint !== undefined);
const foreign = Object.keys(inputs).filter((file) => file.includes("node_modules"));
if (foreign.length > 0) throw new Error(`the hot path would load ${foreign.join(", ")}: import it lazily`);
if (bytes > ENTRY_LIMIT) throw new Error(`the hot path is ${bytes} bytes, more than ${ENTRY_LIMIT}`);

const [script, map] = [".cjs", ".map"].map((end) => entry.outputFiles.find(({ path: file }) => file.endsWith(end)));
replaceFolder(out, [
  ...lazy.outputFiles.map(({ path: file, contents }) => [file, contents]),
  [path.join(out, "hot.cjs.map"), map.contents],
  ...(await cachedProgram(out, "hot", script.text)),
]);
process.stdout.write(`bundled: hot path ${(bytes / 1024).toFixed(1)} kB from ${Object.keys(inputs).length} files\n`);
