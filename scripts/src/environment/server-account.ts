import { spawnSync } from "node:child_process";

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who runs PostgreSQL: it refuses to run as root, so root hands it to `nobody`. `undefined` means as ourselves.
 */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return { uid: idOf("-u") ?? 65534, gid: idOf("-g") ?? 65534 };
}

function idOf(flag: "-u" | "-g"): number | undefined {
  const asked = spawnSync("id", [flag, "nobody"], { encoding: "utf8" });
  const id = Number.parseInt(asked.stdout ?? "", 10);
  return asked.status === 0 && id > 0 ? id : undefined;
}

/** Whether the account can reach the directory by its path and write in it. */
export function canReach(account: Account | undefined, directory: string): boolean {
  const script = 'cd -- "$1" && [ -w . ]';
  const options = { cwd: "/", stdio: "ignore", ...(account ?? {}) } as const;
  return spawnSync("/bin/sh", ["-c", script, "sh", directory], options).status === 0;
}
