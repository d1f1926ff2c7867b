import { type LockOrder, lockOrder } from "@phi/shared/contract/lock";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import { issueWords } from "./typed-reason.js";

export interface TypedLock {
  readonly on: string;
  readonly name: string;
  readonly subject?: boolean | undefined;
  readonly reason?: string | undefined;
}

/** Whom or what is meant, checked against the contract; with the reason when there is one. Throws `invalid_input`. */
export function readLockTarget(typed: TypedLock): Omit<LockOrder, "reason"> & { reason?: string } {
  const { on, name, subject, reason } = typed;
  if (on !== "principal" && on !== "resource") {
    throw new PhiError("invalid_input", `"${printable(on, 60)}" is neither "principal" nor "resource".`, {
      hint: `phi lock resource ${printable(on, 60)} --reason …`,
    });
  }
  const given = { ...(subject === undefined ? {} : { subject }), ...(reason === undefined ? {} : { reason }) };
  const parsed = lockOrder.partial({ reason: true }).safeParse({ on, name, ...given });
  if (parsed.success) {
    const { reason: why, subject: exact, ...target } = parsed.data;
    return {
      ...target,
      ...(exact === undefined ? {} : { subject: exact }),
      ...(why === undefined ? {} : { reason: why }),
    };
  }
  const issue = parsed.error.issues[0];
  throw new PhiError(
    "invalid_input",
    `${issue?.path[0] === "reason" ? "--reason" : "the name"}: ${issueWords(issue)}.`,
  );
}
