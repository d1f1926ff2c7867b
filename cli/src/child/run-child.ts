import { type ChildProcess, spawn } from "node:child_process";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import { monotonicMs } from "./monotonic.js";
import { createProcessTree } from "./process-tree.js";
import { suspendSelf } from "./suspend-self.js";
import { sharesForegroundGroup } from "./terminal-group.js";

/** How a child ended: by itself or by a signal. */
export type ChildEnd = { readonly code: number } | { readonly signal: NodeJS.Signals };

export interface RunningChild {
  /** Settles once: how it ended, or `command_not_found` / `command_not_executable` when the system refused to run it. */
  readonly ended: Promise<ChildEnd>;
  /** Ends the child and everything it started; resolves with whether force was needed. */
  stop(options: { readonly hangUp: boolean }): Promise<boolean>;
  /** Gives the signals back to their default. Call it when nothing is left to be done under them. */
  release(): void;
  /** Shows a line of phi's on the command's screen so that it can be read; absent where a line is a line. */
  show?(line: string): void;
  /** Resolves when the recording has arrived at the broker, or will not; absent when there is none. */
  arrived?(): Promise<void>;
}

export interface ChildOrder {
  /** The file to run, and the words as typed; the first is what the child sees as its own name. */
  readonly file: string;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** phi is about to be stopped by Ctrl-Z. What it gives back is called when phi goes on. */
  readonly onSuspend: () => () => void;
  /** phi goes on after having been stopped. */
  readonly onContinue: () => void;
  /** Ctrl-C when the child is over already: the person does not want to wait for the clean-up. */
  readonly onImpatience: () => void;
}

/** From TERM to KILL, in ms. */
const GRACE = 5_000;
const POLL = 50;

/**
 * Runs a child that has the terminal as if phi were not there: same streams, same process group, so job control, `| less`
 * and resizing need nothing. Signals (design §9): INT and QUIT are the child's already when it shares the terminal's
 * foreground group, else they are passed on; TERM, HUP, USR1 and USR2 are passed on; after TSTP phi stops itself, so Ctrl-Z
 * stops both and `fg` continues both. (USR1 without a listener would open Node's debugger, to any user of the machine.)
 */
export function runChild(order: ChildOrder): RunningChild {
  const name = order.words[0] ?? order.file;
  let isOver = false;
  const keyboard = (signal: NodeJS.Signals) => {
    if (isOver) order.onImpatience();
    else if (!sharesForegroundGroup()) child.kill(signal);
  };
  const passOn = (signal: NodeJS.Signals) => void child.kill(signal);
  const listeners: [NodeJS.Signals, (signal: NodeJS.Signals) => void][] = [
    ["SIGINT", keyboard],
    ["SIGQUIT", keyboard],
    ["SIGTERM", passOn],
    ["SIGHUP", passOn],
    ["SIGCONT", order.onContinue],
  ];
  if (process.platform !== "win32") listeners.push(["SIGUSR1", passOn], ["SIGUSR2", passOn]);
  const suspend = () => void suspendSelf(process.pid, suspend, order.onSuspend);
  if (process.platform !== "win32") listeners.push(["SIGTSTP", suspend]);
  // Before the child exists: from then on, no signal may end phi and leave the child behind.
  for (const [signal, listener] of listeners) process.on(signal, listener);
  const release = () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };

  const child = start(order, name, release);
  const ended = new Promise<ChildEnd>((resolve, reject) => {
    child.once("error", (error) => {
      isOver = true;
      reject(notRun(name, error));
    });
    child.once("exit", (code, signal) => {
      isOver = true;
      resolve(signal === null ? { code: code ?? 0 } : { signal });
    });
  });

  return {
    ended,
    stop: async ({ hangUp }) => (child.pid === undefined || isOver ? false : stopTree(child.pid, hangUp)),
    release,
  };
}

/** Node reports some failures of spawn(2) by an event and others, E2BIG for one, by throwing. */
function start({ file, words, environment }: ChildOrder, name: string, release: () => void): ChildProcess {
  try {
    return spawn(file, words.slice(1), { stdio: "inherit", env: { ...environment }, argv0: name });
  } catch (error) {
    release();
    throw notRun(name, error as NodeJS.ErrnoException);
  }
}

/**
 * TERM, a while to tidy up, KILL. CONT, because a stopped process hears nothing else; HUP for a shell, which ignores TERM
 * when it is interactive (as systemd's SendSIGHUP). `spare` ends by itself when all the others have ended.
 */
export async function stopTree(root: number, hangUp: boolean, spare?: number): Promise<boolean> {
  const tree = createProcessTree(root, spare);
  tree.signal("SIGTERM", ...(hangUp ? (["SIGHUP"] as const) : []), "SIGCONT");
  for (const deadline = monotonicMs() + GRACE; monotonicMs() < deadline; ) {
    if (!tree.isAlive()) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
  tree.signal("SIGKILL");
  return true;
}

function notRun(command: string, error: NodeJS.ErrnoException): PhiError {
  const shown = printable(command, 200);
  if (error.code === "ENOENT")
    return new PhiError("command_not_found", `"${shown}" is not there any more, or its interpreter is missing.`, {
      cause: error,
    });
  const why = {
    EACCES: "permission denied",
    E2BIG: "the arguments and the environment are too long",
    EAGAIN: "too many processes",
    ENOMEM: "not enough memory",
  }[error.code ?? ""];
  return new PhiError(
    "command_not_executable",
    `"${shown}" cannot be run: ${why ?? printable(error.code ?? "unknown reason")}.`,
    { cause: error },
  );
}
