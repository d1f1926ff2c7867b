import { say } from "./output.js";
import type { Terminal } from "./terminal.js";
import { fitWidth } from "./width.js";

/** A line that shows that something is being waited for. */
export interface Spinner {
  /** Replaces the line's text. Off a terminal only the first text is ever printed: a log is not an animation. */
  update(text: string): void;
  /** Takes the line away, so that other lines can follow. */
  stop(): void;
}

/** Moves on a terminal's stderr; anywhere else it is one plain line. ora is read only when something moves. */
export async function startSpinner(terminal: Terminal, text: string): Promise<Spinner> {
  if (!terminal.mayMove) {
    say(terminal, text);
    return { update: () => undefined, stop: () => undefined };
  }
  const { default: ora } = await import("ora");
  // Standard input stays untouched: in raw mode a Ctrl-C would be a character and not a signal.
  // One line only: the end of a text that does not fit is the least of it.
  const fitted = (line: string) => fitWidth(line, (terminal.stderr.columns ?? 80) - 3);
  const moving = ora({
    text: fitted(text),
    stream: process.stderr,
    discardStdin: false,
    ...(terminal.colour.stderr ? {} : { color: false }),
  }).start();
  return {
    update: (next) => {
      moving.text = fitted(next);
    },
    stop: () => {
      moving.stop();
    },
  };
}
