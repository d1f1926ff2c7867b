/**
 * The bin of phi and the only place that ends the process. It looks at the words once and sends the hot commands to code
 * that loads nothing but what it needs; everything else is in lazily loaded chunks behind `program.ts`.
 */
import { constants } from "node:os";
import { type Peek, peekArgv } from "./argv.js";
import { type Ending, FAILED_BEFORE } from "./child/ending.js";
import { VERSION } from "./version.js";

async function main(peek: Peek, words: readonly string[]): Promise<Ending> {
  if (peek.version && peek.word === undefined) {
    const { writeAll } = await import("./terminal/write.js");
    writeAll(1, peek.globals.json ? `${JSON.stringify({ version: VERSION })}\n` : `phi ${VERSION}\n`);
    return { code: 0 };
  }
  switch (peek.help ? undefined : peek.word) {
    case "exec":
      return (await import("./commands/exec.js")).exec(peek, process.env);
    case "shell":
      return (await import("./commands/shell.js")).shell(peek, process.env);
    case "env":
      return (await import("./commands/env.js")).env(peek, process.env);
    case "stand-in":
      return (await import("./commands/stand-in.js")).standIn(peek, process.env);
    case "prompt":
      return (await import("./commands/prompt.js")).prompt(process.env, Date.now());
    default: {
      process.stdout.on("error", endOnClosedPipe);
      const { runProgram } = await import("./program.js");
      const code = await runProgram([...words], peek.globals);
      await new Promise((resolve) => process.stdout.write("", resolve));
      return { code };
    }
  }
}

/** `phi audit | head`: the reader has seen enough. As a program that dies of SIGPIPE, which Node ignores. */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(141);
  throw error;
}

/** `phi exec` and `phi shell` keep the low codes for their child: 126 and 127 as env(1), 125 for all else of phi's own. But a changed log is 1 everywhere. */
function ownCode(
  word: string | undefined,
): ((error: { readonly code: string; readonly exit: number }) => number) | undefined {
  if (word !== "exec" && word !== "shell") return undefined;
  return ({ code, exit }) => (code === "log_broken" || exit === 126 || exit === 127 ? exit : FAILED_BEFORE);
}

async function endingOf(peek: Peek, words: readonly string[]): Promise<Ending> {
  try {
    return await main(peek, words);
  } catch (error) {
    if (error instanceof Error && error.name === "Interrupted") return { signal: "SIGINT" };
    const { reportError } = await import("./terminal/report-error.js");
    const { json, noColor } = peek.globals;
    return {
      code: reportError(error, { json, noColor, debug: process.env.PHI_DEBUG === "1", exitFor: ownCode(peek.word) }),
    };
  }
}

/** Signals that leave a core file: phi's memory has held a secret, so it ends with the code a shell would show instead. */
const DUMPING = new Set<NodeJS.Signals>([
  "SIGQUIT",
  "SIGILL",
  "SIGTRAP",
  "SIGABRT",
  "SIGBUS",
  "SIGFPE",
  "SIGSEGV",
  "SIGXCPU",
  "SIGXFSZ",
  "SIGSYS",
]);

async function end(ending: Ending): Promise<never> {
  if ("code" in ending) process.exit(ending.code);
  if (!DUMPING.has(ending.signal)) {
    process.removeAllListeners(ending.signal);
    process.kill(process.pid, ending.signal);
    // The signal is on its way. Should it be ignored (Node ignores SIGPIPE), the code says the same.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  process.exit(128 + (constants.signals[ending.signal] ?? 0));
}

const words = process.argv.slice(2);
const peek = peekArgv(words, process.env);
endingOf(peek, words).then(end);
