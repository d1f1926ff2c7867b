import type { Readable, Writable } from "node:stream";

/**
 * What stands around one call of phi. The law: **stdout is data, stderr is talk.** Data is what a script wants (an id,
 * a table, JSON); talk is everything said to a person (progress, questions, hints). `phi … 2>/dev/null | jq` always works.
 */
export interface Terminal {
  readonly stdin: Readable & { isTTY?: boolean };
  readonly stdout: Writable & { isTTY?: boolean; columns?: number };
  readonly stderr: Writable & { isTTY?: boolean; columns?: number };
  /** A question can be asked: somebody reads stderr and types into stdin, and `--no-input` was not given. */
  readonly mayAsk: boolean;
  /** Lines that move (spinners) are welcome: stderr is a terminal that understands them. */
  readonly mayMove: boolean;
  readonly colour: { readonly stdout: boolean; readonly stderr: boolean };
  /** No talk but errors and questions. */
  readonly quiet: boolean;
  /** Data is JSON. */
  readonly json: boolean;
}

/** The streams and settings a terminal is judged by; `process` in the product. */
export interface Surroundings {
  readonly stdin: Terminal["stdin"];
  readonly stdout: Terminal["stdout"];
  readonly stderr: Terminal["stderr"];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What is around this process. */
export function processSurroundings(): Surroundings {
  return { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: process.env };
}

export interface TerminalFlags {
  readonly json: boolean;
  readonly noInput: boolean;
  readonly noColor: boolean;
  readonly quiet: boolean;
}

/**
 * Decides once what the streams can bear. Colour per stream: never off a terminal, with `NO_COLOR` set and not empty
 * (https://no-color.org), with `TERM=dumb` or with `--no-color`.
 */
export function openTerminal(flags: TerminalFlags, around: Surroundings): Terminal {
  const dumb = around.env.TERM === "dumb";
  const colourless = flags.noColor || dumb || (around.env.NO_COLOR ?? "") !== "";
  const stderrIsTty = around.stderr.isTTY === true;
  return {
    stdin: around.stdin,
    stdout: around.stdout,
    stderr: around.stderr,
    mayAsk: around.stdin.isTTY === true && stderrIsTty && !flags.noInput,
    mayMove: stderrIsTty && !dumb && !flags.quiet,
    colour: { stdout: around.stdout.isTTY === true && !colourless, stderr: stderrIsTty && !colourless },
    quiet: flags.quiet,
    json: flags.json,
  };
}
