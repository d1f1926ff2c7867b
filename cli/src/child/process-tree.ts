import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A process as the system lists it. `born` tells a process from a later one with the same number; empty where unknown. */
interface Listed {
  readonly pid: number;
  readonly parent: number;
  readonly born: string;
}

/**
 * A command and everything it started, at any depth. The child shares phi's process group (or the terminal would not be
 * its), so the group cannot be signalled without hitting phi and the shell's pipeline; the tree is walked instead.
 * Each look adds what was forked since; a process that has lost its parent meanwhile stays known.
 */
export interface ProcessTree {
  /** Looks again, then sends each signal to every living member. */
  signal(...signals: NodeJS.Signals[]): void;
  /** Whether any member lives; zombies do not count. */
  isAlive(): boolean;
}

/** @param spare a member that gets no signal but CONT */
export function createProcessTree(root: number, spare?: number): ProcessTree {
  const members = new Map<number, string>();

  function look(): Listed[] {
    const listed = listProcesses();
    let grew = true;
    while (grew) {
      grew = false;
      for (const { pid, parent, born } of listed) {
        if (members.has(pid) || (pid !== root && !isMember(listed, parent))) continue;
        members.set(pid, born);
        grew = true;
      }
    }
    return listed.filter(({ pid, born }) => members.get(pid) === born);
  }

  function isMember(listed: readonly Listed[], pid: number): boolean {
    const born = members.get(pid);
    return born !== undefined && listed.some((process) => process.pid === pid && process.born === born);
  }

  return {
    signal(...signals) {
      for (const { pid } of look())
        for (const signal of signals) if (pid !== spare || signal === "SIGCONT") send(pid, signal);
    },
    isAlive: () => look().length > 0,
  };
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone since the look, or now another user's (sudo): not ours to end.
  }
}

function listProcesses(): Listed[] {
  return process.platform === "linux" ? fromProc() : fromPs();
}

/** proc_pid_stat(5): state is field 3, the parent 4, the start time 22; the name in field 2 may hold anything. */
function fromProc(): Listed[] {
  const listed: Listed[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (fields[0] === "Z" || fields[0] === "X") continue;
      listed.push({ pid: Number(name), parent: Number(fields[1]), born: fields[19] ?? "" });
    } catch {
      // It ended while the list was read.
    }
  }
  return listed;
}

function fromPs(): Listed[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid=,stat="], { encoding: "utf8", timeout: 2_000 });
  return (stdout ?? "").split("\n").flatMap((line) => {
    const [pid, parent, state = ""] = line.trim().split(/\s+/);
    return pid === undefined || parent === undefined || state.startsWith("Z")
      ? []
      : [{ pid: Number(pid), parent: Number(parent), born: "" }];
  });
}
