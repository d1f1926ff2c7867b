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
import { type Account, canWrite } from "./server-account.js";

export const SUPERUSER = "postgres";

/** A directory that belongs to the account; a new temporary one when none is wanted. */
export function prepareDirectory(wanted: string | undefined, account: Account | undefined): string {
  if (wanted !== undefined) mkdirSync(wanted, { recursive: true });
  const dir = realpathSync(wanted ?? mkdtempSync(join(tmpdir(), "phi-postgres-")));
  chmodSync(dir, 0o700);
  if (account !== undefined) chownSync(dir, account.uid, account.gid);
  if (!canWrite(account, dir)) {
    throw new Error(
      `PostgreSQL refuses to run as root, so it runs as uid ${account?.uid ?? process.getuid?.()}, and that account cannot ` +
        `reach ${dir}. Choose a directory that others may pass through, for example below /var/tmp.`,
    );
  }
  return dir;
}

/** Makes the cluster if there is none, and gives the superuser's password. A half-made one from a crash is made again. */
export function ensureCluster(dir: string, binaries: PostgresBinaries, account: Account | undefined): string {
  const data = join(dir, "data");
  const passwordFile = join(dir, "superuser-password");
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
  const unfinished = join(dir, "data.unfinished");
  rmSync(unfinished, { recursive: true, force: true });
  const args = ["-D", unfinished, "-U", SUPERUSER, "-A", "scram-sha-256", `--pwfile=${passwordFile}`];
  const made = spawnSync(binaries.initdb, [...args, "--encoding=UTF8", "--no-locale", "--no-sync"], {
    encoding: "utf8",
    env: postgresEnvironment,
    cwd: dir,
    ...(account ?? {}),
  });
  if (made.status !== 0) throw new Error(`initdb failed: ${(made.stderr || made.error?.message || "").trim()}`);
  renameSync(unfinished, data);
  return password;
}
