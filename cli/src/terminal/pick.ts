import { printable } from "@phi/shared/text";
import { putQuestion, type QuestionLook } from "./question.js";

export interface Choice<Value> {
  readonly name: string;
  readonly value: Value;
  /** Shown under the list while the choice is marked. */
  readonly description?: string;
}

/** Lets a person pick one of several. Names may come from others: they are made printable here. */
export async function pick<Value>(
  message: string,
  choices: readonly Choice<Value>[],
  look: QuestionLook = { colour: true },
): Promise<Value> {
  const shown = choices.map(({ name, value, description }) => ({
    name: printable(name, 160),
    value,
    ...(description === undefined ? {} : { description: printable(description, 400) }),
  }));
  return putQuestion<Value>(
    { type: "select", message: printable(message), choices: shown, pageSize: 12, loop: false },
    look,
  );
}
