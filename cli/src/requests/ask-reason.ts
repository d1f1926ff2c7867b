import { ask } from "../terminal/ask.js";
import type { QuestionLook } from "../terminal/question.js";
import { reasonProblem } from "./typed-reason.js";

export function askReason(look: QuestionLook): Promise<string> {
  return ask("Why? (whoever answers reads this, and it stays on record)", { problem: reasonProblem }, look);
}
