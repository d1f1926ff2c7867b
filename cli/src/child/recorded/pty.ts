import { closeSync, constants, openSync, realpathSync } from "node:fs";
import { constants as os } from "node:os";
import { isAbsolute } from "node:path";
import type { ChildEnd } from "../run-child.js";

export interface PtyOrder {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly columns: number;
  readonly rows: number;
  readonly output: (bytes: Buffer) => void;
}

/** A process on a terminal of its own. */
export interface Pty {
  readonly pid: number;
  readonly ended: Promise<ChildEnd>;
  write(bytes: Buffer): void;
  resize(columns: number, rows: number): void;
  /** Stops and takes up the reading: a process that writes on waits. */
  hold(isHeld: boolean): void;
  /** All that is to come was read: from now on the process may go. */
  letGo(): void;
}

/**
 * Starts a process on a new terminal. node-pty loses what was written right before the end (12 of 40 runs of a burst): its
 * terminal dies with the process, read or not. So this end of it is held open until {@link Pty.letGo} or the end.
 *
 * Rejects with node's own error when the library does not fit this machine, or no terminal is left.
 */
export async function openPty(order: PtyOrder): Promise<Pty> {
  const { columns: cols, rows } = order;
  const library = await import("@lydell/node-pty");
  const spawn = library.spawn ?? (library as unknown as { default: typeof library }).default.spawn;
  const terminal = spawn(order.file, [...order.args], {
    cols,
    rows,
    cwd: workingDirectory(order.environment.PWD),
    env: order.environment,
    name: order.environment.TERM ?? "dumb",
    encoding: null,
  });
  const held = openSync(nameOf(terminal), constants.O_RDWR | constants.O_NOCTTY);
  let isHeldOpen = true;
  const letGo = () => {
    if (isHeldOpen) closeSync(held);
    isHeldOpen = false;
  };
  // Without an encoding it gives bytes, whatever its type says.
  terminal.onData((data) => order.output(data as unknown as Buffer));
  const ended = new Promise<ChildEnd>((resolve) => {
    terminal.onExit(({ exitCode, signal }) => {
      letGo();
      resolve(endOf(exitCode, signal ?? 0));
    });
  });
  return {
    pid: terminal.pid,
    ended,
    write: (bytes) => terminal.write(bytes as unknown as string),
    resize: (columns, lines) => {
      try {
        terminal.resize(columns, lines);
      } catch {
        // It is over already.
      }
    },
    hold: (isHeld) => (isHeld ? terminal.pause() : terminal.resume()),
    letGo,
  };
}

/** The directory by the name the person knows it by, links and all: node-pty makes it the child's PWD. */
function workingDirectory(known: string | undefined): string {
  const real = process.cwd();
  try {
    return known !== undefined && isAbsolute(known) && realpathSync(known) === real ? known : real;
  } catch {
    return real;
  }
}

function nameOf(terminal: object): string {
  const name = "ptsName" in terminal ? terminal.ptsName : undefined;
  if (typeof name !== "string") throw new Error("the terminal has no name");
  return name;
}

/**
 * How the command ended. A shell tells that a signal ended its job by 128 + its number (POSIX.1-2024 §2.8.2); by INT it ends
 * itself in the same way, so 130 is a code like any other (fzf has it).
 */
function endOf(code: number, signal: number): ChildEnd {
  const number = signal === 0 && code > 128 && code !== 128 + os.signals.SIGINT ? code - 128 : signal;
  const [name] = Object.entries(os.signals).find(([, known]) => known === number) ?? [];
  return number === 0 || name === undefined ? { code } : { signal: name as NodeJS.Signals };
}
