/** What phi must know of the screen to show a line of its own on it. */
export interface Screen {
  /** Looks at what the command draws. */
  saw(bytes: Buffer): void;
  /** A program has the whole screen: a line in the middle of it would spoil it and be gone at the next stroke. */
  readonly isFull: boolean;
}

/** Switches to the alternate screen and back (xterm control sequences: private modes 47, 1047, 1049). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for just these
const SWITCH = /\u001b\[\?(?:1049|1047|47)([hl])/g;

export function createScreen(): Screen {
  let isFull = false;
  return {
    saw(bytes) {
      if (!bytes.includes("\u001b[?")) return;
      for (const [, mode] of bytes.toString("latin1").matchAll(SWITCH)) isFull = mode === "h";
    },
    get isFull() {
      return isFull;
    },
  };
}

/** Draws `line` over the top line of a full screen, reversed, with a bell; the cursor stays where it was. */
export function overlay(line: string, columns: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of phi's own line
  const text = line.replaceAll(/\u001b\[[0-9;]*m/g, "");
  const shown = ` ${text} `.slice(0, columns);
  return `\u001b7\u001b[1;1H\u001b[7m${shown}\u001b[0m\u001b8\u0007`;
}
