import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { transform } from "esbuild";
import { compileCache, wrapForLoader } from "./code-cache.mjs";

const LOADER = new URL("./loader.cjs", import.meta.url);

/**
 * The files of a program that starts from V8's code cache: the script, its cache, and last `main.cjs`, which runs it
 * (loader.cjs). Another name for another content: loader, script and cache of two builds cannot be mixed up.
 *
 * @param {string} folder where they will stand
 * @param {string} name what the script's name begins with
 * @param {string} commonjs the program, in ASCII
 * @returns {Promise<[file: string, contents: string | Buffer][]>}
 */
export async function cachedProgram(folder, name, commonjs) {
  const text = wrapForLoader(commonjs);
  const script = `${name}-${createHash("sha256").update(text).digest("hex").slice(0, 12)}.cjs`;
  const file = path.join(folder, script);
  const loader = await transform(readFileSync(LOADER, "utf8"), {
    minify: true,
    define: { PHI_SCRIPT: JSON.stringify(script) },
  });
  return [
    [file, text],
    [`${file}.cache`, compileCache(text, file)],
    [path.join(folder, "main.cjs"), loader.code],
  ];
}
