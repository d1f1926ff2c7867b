import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { isTerminal } from "../terminal/style.js";

/**
 * Whether a Ctrl-C typed now reaches the child by itself: the terminal signals its whole foreground process group, and
 * child and phi are in one group. Then phi must not pass the signal on, or the child gets two (and a second one means
 * something else to psql). Asked anew for each signal, because jobs move between foreground and background.
 */
export function sharesForegroundGroup(): boolean {
  if (process.platform !== "linux") return isTerminal(0);
  try {
    // proc_pid_stat(5): after the name come state, ppid, pgrp (5), session, tty_nr (7), tpgid (8). A pipe on stdin or
    // stdout changes nothing: the controlling terminal decides.
    const stat = readFileSync("/proc/self/stat", "latin1");
    const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return terminal !== "0" && group === foreground;
  } catch {
    return isTerminal(0);
  }
}

/** The foreground process group of the terminal that the process has, if it can be known. */
export function foregroundGroupOf(pid: number): number | undefined {
  const text = process.platform === "linux" ? foregroundFromProc(pid) : foregroundFromPs(pid);
  const group = Number(text);
  return Number.isInteger(group) && group > 1 ? group : undefined;
}

function foregroundFromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[5];
  } catch {
    return undefined;
  }
}

function foregroundFromPs(pid: number): string {
  return spawnSync("ps", ["-o", "tpgid=", "-p", String(pid)], { encoding: "utf8", timeout: 2_000 }).stdout ?? "";
}
