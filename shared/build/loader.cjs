/**
 * Becomes dist/bin/main.cjs: runs the hot path from the code cache that V8 made at build time, which saves the parsing
 * and compiling of every start. Another Node's V8 rejects the cache, and compiles as it always does. An import() inside a
 * script from a cache does not work in Node 20, so the script gets this file's.
 */
const { readFileSync } = require("node:fs");
const { Script } = require("node:vm");

const filename = `${__dirname}/${PHI_SCRIPT}`;
const cachedData = readFileSync(`${filename}.cache`);
// latin1: esbuild writes ASCII only, and V8 is quicker with it.
const script = new Script(readFileSync(filename, "latin1"), { filename, cachedData });
script.runInThisContext()(exports, require, module, filename, __dirname, (chunk) => import(chunk));
