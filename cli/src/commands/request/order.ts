import { type RequestOrder, requestOrder } from "@phi/shared/contract/request";
import { PhiError } from "@phi/shared/errors";
import { readLength } from "../../requests/typed-length.js";
import { issueWords } from "../../requests/typed-reason.js";

/** What was typed, not yet judged. */
export interface TypedOrder {
  readonly resource?: string | undefined;
  readonly role?: string | undefined;
  readonly for?: string | undefined;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
  readonly once?: boolean | undefined;
  readonly emergency?: boolean | undefined;
}

/** Checks what was typed against the contract before anything is sent; one sentence names the flag. */
export function readOrder(typed: TypedOrder & { readonly resource: string; readonly for: string }): RequestOrder {
  const { resource, role, reason, ticket, once, emergency } = typed;
  const given = { role, reason, ticket, once, emergency };
  const order = {
    resource,
    duration: readLength(typed.for, "--for"),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
  const parsed = requestOrder.safeParse(order);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = String(issue?.path[0] ?? "");
  const flag = field === "resource" || field === "" ? "the resource" : `--${field === "duration" ? "for" : field}`;
  throw new PhiError("invalid_input", `${flag}: ${issueWords(issue)}.`, { hint: "phi help request" });
}
