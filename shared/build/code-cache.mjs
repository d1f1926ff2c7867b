import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

/**
 * A CommonJS text as the loader runs it: a function of Node's module variables and of the way to import a chunk.
 * Every import() in it becomes a call of that.
 */
export function wrapForLoader(text) {
  const wrapped = `(function(exports,require,module,__filename,__dirname,phiImport){${text.replaceAll(/\bimport\(/g, "phiImport(")}\n})`;
  if (Buffer.byteLength(wrapped) !== wrapped.length) throw new Error("the script must be ASCII: it is read as latin1");
  return wrapped;
}

/** V8's code cache of a script, with every function in it compiled, for the Node that builds. */
export function compileCache(text, filename) {
  setFlagsFromString("--no-lazy");
  try {
    const script = new Script(text, { filename });
    // The cache carries a hash of the flags; with the wrong one it would be rejected at every start.
    setFlagsFromString("--lazy");
    return script.createCachedData();
  } finally {
    setFlagsFromString("--lazy");
  }
}
