import type { ReadStream } from "node:tty";
import type { Terminal } from "../terminal/terminal.js";
import type { CastHeader } from "./asciicast.js";

/** The person's terminal while a recording is shown on it: keys come one by one, and afterwards it is as it was. */
export interface Stage {
  draw(text: string): void;
  /** Over the top line, reversed. */
  note(text: string): void;
  /** Puts the terminal back; what was drawn stays to be read. */
  leave(): void;
}

export interface StageEvents {
  /** A key: its character, or `up`, `down`, `left`, `right`. */
  key(name: string): void;
  /** Ctrl-C, Ctrl-D, or q. */
  quit(): void;
}

/** CSI or SS3 and a letter, as terminals send the arrows. */
const ARROWS: Readonly<Record<string, string>> = { A: "up", B: "down", C: "right", D: "left" };
/** The main screen, plain text, the cursor shown, the whole screen scrolls (which moves the cursor: saved around it). */
const TIDY = "\u001b[?1049l\u001b[0m\u001b[?25h\u001b[?7h\u001b(B\u000f\u001b7\u001b[r\u001b8\r\n";

export function openStage({ stdin, stdout }: Terminal, events: StageEvents): Stage {
  const keys = stdin as ReadStream;
  const typed = (bytes: Buffer) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it reads keys
    for (const [key, arrow] of bytes.toString("latin1").matchAll(/\u001b[[O]([A-D])|[\s\S]/g)) {
      if (key === "q" || key === "\u0003" || key === "\u0004") events.quit();
      else events.key(arrow === undefined ? key : (ARROWS[arrow] ?? key));
    }
  };
  const canType = keys.isTTY === true;
  if (canType) keys.setRawMode(true);
  keys.on("data", typed);
  keys.resume();
  // Killed from outside, it tidies up too.
  const interrupt = () => events.quit();
  process.on("SIGTERM", interrupt);
  process.on("SIGHUP", interrupt);

  return {
    draw: (text) => void stdout.write(text),
    note(text) {
      const line = ` ${text} `.slice(0, stdout.columns ?? 80);
      stdout.write(`\u001b7\u001b[1;1H\u001b[7m${line}\u001b[0m\u001b8`);
    },
    leave() {
      process.off("SIGTERM", interrupt);
      process.off("SIGHUP", interrupt);
      keys.off("data", typed);
      keys.pause();
      if (canType) keys.setRawMode(false);
      stdout.write(TIDY);
    },
  };
}

/** What a person must know before it begins: the recording does not fit their terminal. */
export function sizeRemark({ columns, rows }: CastHeader, { stdout }: Terminal): string | undefined {
  const own = { columns: stdout.columns ?? 80, rows: (stdout as { rows?: number }).rows ?? 24 };
  if (own.columns >= columns && own.rows >= rows) return undefined;
  return `recorded at ${columns} × ${rows}; this terminal has ${own.columns} × ${own.rows}`;
}
