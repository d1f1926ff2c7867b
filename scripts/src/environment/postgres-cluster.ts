import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresBinaries, postgresEnvironment } from "./postgres-binaries.js";
import { type Account, canReach } from "./server-account.js";

export const SUPERUSER = "postgres";

/** Where a server keeps everything. */
export interface ServerFolder {
  readonly path: string;
  readonly data: string;
  readonly logFile: string;
  /**
   * How the server's account names the data directory. Below a private directory of root's (`/root`, `mktemp -d`) it may not
   * walk there by path. But its working directory is set before it stops being root, and on Linux that has a name of its own.
   * PostgreSQL 15 and older walk away from it and back, by path.
   */
  readonly dataAsSeenInside: string;
  readonly isReachable: boolean;
}

/** The wanted directory, or a new temporary one, given to the account and closed to everybody else. */
export function prepareFolder(wanted: string | undefined, account: Account | undefined): ServerFolder {
  if (wanted !== undefined) mkdirSync(wanted, { recursive: true });
  const path = realpathSync(wanted ?? mkdtempSync(join(tmpdir(), "phi-postgres-")));
  chmodSync(path, 0o700);
  if (account !== undefined) chownSync(path, account.uid, account.gid);
  const isReachable = canReach(account, path);
  const data = join(path, "data");
  const dataAsSeenInside = isReachable ? data : "/proc/self/cwd";
  return { path, data, logFile: join(path, "postgres.log"), dataAsSeenInside, isReachable };
}

/** Makes the cluster if there is none, and gives the superuser's password. A half-made one from a crash is made again. */
export function ensureCluster(folder: ServerFolder, binaries: PostgresBinaries, account: Account | undefined): string {
  const { path, data } = folder;
  if (!folder.isReachable && (process.platform !== "linux" || binaries.majorVersion < 16)) {
    throw new Error(
      `PostgreSQL refuses to run as root, so it runs as uid ${account?.uid}, and that account cannot reach ${path}. ` +
        "Choose a directory that others may pass through.",
    );
  }
  const passwordFile = join(path, "superuser-password");
  if (existsSync(data)) {
    const made = readFileSync(join(data, "PG_VERSION"), "utf8").trim();
    if (Number(made) !== binaries.majorVersion) {
      throw new Error(
        `${data} was made by PostgreSQL ${made}, and this is ${binaries.majorVersion}: remove it or use the other one.`,
      );
    }
    return readFileSync(passwordFile, "utf8").trim();
  }

  const password = randomBytes(24).toString("base64url");
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (account !== undefined) chownSync(passwordFile, account.uid, account.gid);
  const unfinished = join(path, "data.unfinished");
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  if (account !== undefined) chownSync(unfinished, account.uid, account.gid);
  const flags = [
    "-A",
    "scram-sha-256",
    "--pwfile=../superuser-password",
    "--encoding=UTF8",
    "--no-locale",
    "--no-sync",
  ];
  const made = spawnSync(
    binaries.initdb,
    ["-D", folder.isReachable ? unfinished : "/proc/self/cwd", "-U", SUPERUSER, ...flags],
    {
      encoding: "utf8",
      env: postgresEnvironment,
      cwd: unfinished,
      ...(account ?? {}),
    },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${(made.stderr || made.error?.message || "").trim()}`);
  renameSync(unfinished, data);
  return password;
}
