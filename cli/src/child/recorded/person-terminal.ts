import type { ReadStream } from "node:tty";
import { sharesForegroundGroup } from "../terminal-group.js";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The terminal that the person sits at, while a recorded command has it through phi. */
export interface PersonTerminal {
  /** Its size now. */
  size(): Size;
  /**
   * Lets every key through as it is typed, as soon as phi is in the foreground: what is read or set from the background
   * would stop phi.
   */
  take(): void;
  /** As it was before. */
  giveBack(): void;
}

export interface PersonTerminalEvents {
  typed(bytes: Buffer): void;
  /** Its size may be another; asked also after phi was stopped, when nobody tells. */
  resized(size: Size): void;
}

/** Between two looks whether phi is in the foreground again (`bg`, then `fg`: no signal tells), in ms. */
const LOOK_EVERY = 200;

export function openPersonTerminal(events: PersonTerminalEvents): PersonTerminal {
  const keys = process.stdin as ReadStream;
  const size = () => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 });
  let looking: NodeJS.Timeout | undefined;
  let isTaken = false;

  const typed = (bytes: Buffer) => events.typed(bytes);
  const resized = () => events.resized(size());

  function take(): void {
    clearTimeout(looking);
    if (isTaken) return;
    if (!sharesForegroundGroup()) {
      looking = setTimeout(take, LOOK_EVERY);
      return;
    }
    isTaken = true;
    keys.setRawMode(true);
    keys.on("data", typed);
    keys.resume();
    process.stdout.on("resize", resized);
    resized();
  }

  return {
    size,
    take,
    giveBack() {
      clearTimeout(looking);
      if (!isTaken) return;
      isTaken = false;
      process.stdout.off("resize", resized);
      keys.off("data", typed);
      keys.pause();
      keys.setRawMode(false);
    },
  };
}
