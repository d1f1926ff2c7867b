import { type EndOrder, endOrder } from "@phi/shared/contract/request";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";

/** `--reason` as the contract wants it, or `invalid_input` with what is wrong. */
export function readReason(typed: string | undefined): EndOrder {
  const parsed = endOrder.safeParse(typed === undefined ? {} : { reason: typed });
  if (parsed.success) return parsed.data;
  throw new PhiError("invalid_input", `--reason: ${issueWords(parsed.error.issues[0])}.`);
}

/** What is wrong with a reason, or `undefined`: for the question on a terminal. */
export function reasonProblem(text: string): string | undefined {
  const parsed = endOrder.safeParse({ reason: text });
  return parsed.success ? undefined : issueWords(parsed.error.issues[0]);
}

/** What the contract has against a text, in few words. */
export function issueWords(
  issue: { readonly code?: string | undefined; readonly message: string } | undefined,
): string {
  if (issue === undefined) return "not valid";
  const { maximum } = issue as { maximum?: unknown };
  if (issue.code === "too_big") return `is too long; at most ${String(maximum)} characters`;
  if (issue.code === "too_small") return "must not be empty";
  return printable(issue.message, 200);
}
