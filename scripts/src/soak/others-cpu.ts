import { readdirSync, readFileSync } from "node:fs";

/** Processor time so far, in the kernel's ticks. */
interface Ticks {
  /** What the machine could have given: all its processors. */
  readonly possible: number;
  readonly busy: number;
  /** This process, what it started, and what those have waited for. */
  readonly ours: number;
}

/**
 * Which share of the machine's processors others have used since this was called, from 0 to 1. What we use ourselves does not count, however much
 * it is, so that phi is not excused by its own hunger. Nothing where there is no `/proc`.
 */
export function watchOthers(): () => number | undefined {
  const before = look();
  return () => {
    const after = look();
    if (before === undefined || after === undefined || after.possible <= before.possible) return undefined;
    const others = after.busy - before.busy - (after.ours - before.ours);
    return Math.max(0, others) / (after.possible - before.possible);
  };
}

function look(): Ticks | undefined {
  try {
    // proc(5): user nice system idle iowait irq softirq steal; what a guest takes is in user already.
    const all = /^cpu +([\d ]+)/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]?.split(" ").slice(0, 8).map(Number);
    if (all === undefined) return undefined;
    const possible = all.reduce((sum, ticks) => sum + ticks, 0);
    const busy = possible - (all[3] ?? 0) - (all[4] ?? 0);
    return { possible, busy, ours: ofOurs() };
  } catch {
    return undefined;
  }
}

function ofOurs(): number {
  const children = new Map<number, number[]>();
  const used = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const [parent, ticks] = readStat(name) ?? [];
    if (parent === undefined || ticks === undefined) continue;
    used.set(Number(name), ticks);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const sum = (pid: number): number =>
    (children.get(pid) ?? []).reduce((total, child) => total + sum(child), used.get(pid) ?? 0);
  return sum(process.pid);
}

/** The parent of a process, and the ticks of it and of the children it has waited for. */
function readStat(pid: string): readonly [number, number] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    return [fields[1] ?? 0, (fields[11] ?? 0) + (fields[12] ?? 0) + (fields[13] ?? 0) + (fields[14] ?? 0)];
  } catch {
    return undefined; // it has ended meanwhile
  }
}
