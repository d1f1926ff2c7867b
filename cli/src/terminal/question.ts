import { Writable } from "node:stream";
import { PhiError } from "@phi/shared/errors";
import { Interrupted } from "./interrupted.js";
import type { Terminal } from "./terminal.js";

/** What a prompt needs to know of the terminal: `mayAsk` was decided by the caller, colour is decided here. */
export interface QuestionLook {
  readonly colour: boolean;
}

/**
 * Refuses to go on when something is missing and nobody can be asked: never hangs, and names what to add.
 * `missing` is what to type, for example `--role <name>`.
 */
export function requireAsking(terminal: Terminal, missing: string): void {
  if (terminal.mayAsk) return;
  throw new PhiError("usage", `${missing} is missing, and there is nobody to ask.`, {
    hint: `add ${missing}; phi asks only on a terminal, and never with --no-input`,
  });
}

/** Puts one question with inquirer, on stderr. `question` is inquirer's own shape without the name. */
export async function putQuestion<Answer>(question: Record<string, unknown>, look: QuestionLook): Promise<Answer> {
  const { default: inquirer } = await import("inquirer");
  const closed = new AbortController();
  const close = () => closed.abort();
  process.stdin.once("end", close);
  try {
    const prompt = inquirer.createPromptModule({
      input: process.stdin,
      output: questionStream(look),
      signal: closed.signal,
    });
    // inquirer types its questions by literal; the three callers in this folder build them from typed parts.
    const answers = (await prompt([{ ...question, name: "answer" }] as unknown as Parameters<
      typeof prompt
    >[0])) as Record<string, Answer>;
    return answers.answer as Answer;
  } catch (error) {
    if (error instanceof Error && ["ExitPromptError", "AbortPromptError", "CancelPromptError"].includes(error.name)) {
      throw new Interrupted("interrupted", { cause: error });
    }
    throw error;
  } finally {
    process.stdin.off("end", close);
  }
}

/** SGR sequences (ECMA-48 §8.3.117), which set colours and nothing else. */
const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/** stderr, or stderr without colours: inquirer colours without looking at `NO_COLOR` on Node 20. */
function questionStream(look: QuestionLook): NodeJS.WritableStream {
  if (look.colour) return process.stderr;
  return new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      process.stderr.write(chunk.toString().replaceAll(COLOUR, ""), done);
    },
  });
}
