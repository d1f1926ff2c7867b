import { spawn, spawnSync } from "node:child_process";
import { closeSync } from "node:fs";
import { isTerminal } from "../terminal/style.js";
import { writeAll } from "../terminal/write.js";

/** The terminal's line settings as they were before the command. */
export interface TerminalModes {
  /** As stty(1) writes and reads them. */
  readonly settings: string;
  /** Puts them back. Never fails; at most 2 s. `hard`: the command was killed and could not tidy its screen either. */
  restore(hard: boolean): void;
}

/** Longest wait for stty, in ms. */
const PATIENCE = 2_000;
/**
 * Leave the alternate screen, show the cursor, plain text, no bracketed paste, no mouse reports (xterm control sequences).
 * Harmless when the command had set none of them.
 */
const TIDY = "\u001b[?1047l\u001b[?25h\u001b[0m\u001b[?2004l\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l";

/** Reads the settings with stty(1) when stdin is a terminal. Runs beside the call for the lease, so it costs no time. */
export async function saveTerminalModes(): Promise<TerminalModes | undefined> {
  if (process.platform === "win32" || !isTerminal(0)) return undefined;
  const saved = await readModes();
  if (saved === undefined) return undefined;
  return {
    settings: saved,
    restore(hard) {
      // phi may be in the background now (an interactive shell took the terminal and was killed): with TTOU ignored the
      // settings are applied all the same; otherwise stty would be stopped, and phi with it.
      spawnSync("/bin/sh", ["-c", `trap "" TTOU; exec stty ${saved}`], {
        stdio: ["inherit", "ignore", "ignore"],
        timeout: PATIENCE,
      });
      if (hard && isTerminal(1)) writeAll(1, TIDY);
    },
  };
}

/**
 * Keeps Node from setting the terminal, at its exit, back to what it was at its start: that would undo what the command
 * did to it, and break a pager that still has it (`phi exec … | less`). Node leaves alone what has been closed. The last
 * thing to do: nothing can be said afterwards.
 */
export function leaveTerminalAsItIs(): void {
  for (const descriptor of [0, 1, 2]) {
    try {
      closeSync(descriptor);
    } catch {
      // closed by whoever started phi
    }
  }
}

function readModes(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const stty = spawn("stty", ["-g"], { stdio: ["inherit", "pipe", "ignore"], timeout: PATIENCE });
    let text = "";
    stty.stdout.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString("latin1")).slice(0, 1_000);
    });
    stty.on("error", () => resolve(undefined));
    stty.on("close", () => resolve(/^[0-9a-zA-Z:=]+$/.test(text.trim()) ? text.trim() : undefined));
  });
}
