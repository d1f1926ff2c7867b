import { printable } from "@phi/shared/text";
import { putQuestion, type QuestionLook } from "./question.js";

/** Asks for one line. `problem` says what is wrong with an answer, or `undefined`; the question stays until it is right. */
export async function ask(
  message: string,
  options: { suggestion?: string; problem?: (answer: string) => string | undefined },
  look: QuestionLook = { colour: true },
): Promise<string> {
  const answer = await putQuestion<string>(
    {
      type: "input",
      message: printable(message),
      ...(options.suggestion === undefined ? {} : { default: options.suggestion }),
      validate: (typed: string) => options.problem?.(typed.trim()) ?? true,
    },
    look,
  );
  return answer.trim();
}
