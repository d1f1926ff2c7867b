import type { Terminal } from "./terminal.js";

/** One line of data. */
export function writeData(terminal: Terminal, line: string): void {
  terminal.stdout.write(`${line}\n`);
}

/** One line of talk; nothing with `--quiet`. */
export function say(terminal: Terminal, line = ""): void {
  if (!terminal.quiet) terminal.stderr.write(`${line}\n`);
}

/** Talk that a person must not miss, `--quiet` or not: what was kept where, what could not be done. */
export function warn(terminal: Terminal, line: string): void {
  terminal.stderr.write(`phi: ${line}\n`);
}

/**
 * One JSON value on one line. JSON itself escapes only C0 controls; the other characters that act on a terminal or hide
 * (C1, direction changes, zero width) are escaped as well, which changes no value and protects who prints it.
 */
export function writeJson(terminal: Terminal, value: unknown): void {
  writeData(terminal, toSafeJson(value));
}

const HIDDEN = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

export function toSafeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    HIDDEN,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
