import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** How to start a process that never outlives this one. */
export interface GuardedOrder {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the process; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
  /** Run as this account; only root may say so. */
  readonly account?: { readonly uid: number; readonly gid: number } | undefined;
  /** What asks the process to stop. */
  readonly stopSignal: "SIGINT" | "SIGTERM";
  /** A file descriptor, or a pipe to read from. */
  readonly stdout: number | "pipe";
  readonly stderr: number | "pipe";
  /** A directory that the guard removes when this process died without stopping the other. */
  readonly litter?: string | undefined;
}

export interface GuardedProcess {
  /** Of the process itself, not of its guard. */
  readonly pid: number;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** Settles with the exit code (128 + n after signal n) when the process has ended. Never rejects. */
  readonly exited: Promise<number>;
  /** Asks it to stop, kills it after `graceMs`, settles when it has ended. May be called again. */
  stop(graceMs?: number): Promise<void>;
  /** `kill -9`; settles when it has ended. */
  kill(): Promise<void>;
}

/**
 * The guard's descriptor 4 is a pipe from us. A line on it means "it is over, go"; end of file without one means that we are
 * gone, whatever killed us: then the process is asked to stop, and killed ten seconds later. The guard and its process
 * are in a session of their own, because a Ctrl-C in the terminal is ours to handle, in our order.
 *
 * $1 signal that stops, $2 directory to remove or "", then the command. The pid goes to descriptor 3.
 */
const GUARD = `
stop=$1 litter=$2; shift 2
"$@" 3>&- 4<&- & process=$!
echo "$process" >&3; exec 3>&-
{
  read -r _ <&4 && exit
  kill -s "$stop" "$process"
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$process" || break; sleep 1; done
  kill -9 "$process"
  [ -z "$litter" ] || rm -rf -- "$litter"
} >/dev/null 2>&1 &
exec 4<&-
wait "$process"
`;

/** Starts the process; resolves when it has a pid. Rejects when the guard or the account cannot be had. */
export async function startGuarded(order: GuardedOrder): Promise<GuardedProcess> {
  const signal = order.stopSignal.slice("SIG".length);
  const guard = spawn("/bin/sh", ["-c", GUARD, "guard", signal, order.litter ?? "", order.command, ...order.args], {
    stdio: ["ignore", order.stdout, order.stderr, "pipe", "pipe"],
    env: order.env,
    detached: true,
    ...(order.cwd === undefined ? {} : { cwd: order.cwd }),
    ...(order.account ?? {}),
  });
  const leash = guard.stdio[4] as Writable; // not stdin: Node closes that before it tells of the end
  leash.on("error", () => {}); // EPIPE: the guard is gone already, which is what the line would have asked for
  const exited = new Promise<number>((settle) => {
    guard.once("exit", (code) => {
      // A guard that was itself killed leaves its watch behind: end of file makes it stop the process.
      if (code === null) leash.destroy();
      else leash.end("over\n");
      settle(code ?? 137);
    });
  });
  const pid = await readPid(guard.stdio[3] as Readable, once(guard, "error"));

  const kill = async () => {
    signalProcess(pid, "SIGKILL");
    await exited;
  };
  return {
    pid,
    stdout: guard.stdout,
    stderr: guard.stderr,
    exited,
    kill,
    stop: async (graceMs = 10_000) => {
      const late = new AbortController();
      signalProcess(pid, order.stopSignal);
      await Promise.race([
        exited.then(() => late.abort()),
        sleep(graceMs, undefined, { signal: late.signal }).then(kill, () => undefined),
      ]);
      await exited;
    },
  };

  function signalProcess(target: number, name: NodeJS.Signals): void {
    if (guard.exitCode !== null || guard.signalCode !== null) return; // the pid may be somebody else's by now
    try {
      process.kill(target, name);
    } catch {
      // It ended a moment ago; `exited` is about to settle.
    }
  }
}

async function readPid(channel: Readable, failed: Promise<unknown[]>): Promise<number> {
  let text = "";
  const read = (async () => {
    for await (const chunk of channel.setEncoding("utf8")) text += chunk;
    const pid = Number.parseInt(text, 10);
    if (!Number.isInteger(pid)) throw new Error("the process could not be started");
    return pid;
  })();
  return Promise.race([
    read,
    failed.then(([error]) => {
      throw error;
    }),
  ]);
}
