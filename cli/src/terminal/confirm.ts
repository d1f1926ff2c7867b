import { printable } from "@phi/shared/text";
import { putQuestion, type QuestionLook } from "./question.js";

/** A yes-or-no question; Enter alone means no. */
export async function confirm(message: string, look: QuestionLook = { colour: true }): Promise<boolean> {
  return putQuestion<boolean>({ type: "confirm", message: printable(message), default: false }, look);
}
