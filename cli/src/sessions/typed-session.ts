import { PhiError } from "@phi/shared/errors";
import { parseIdPrefix } from "@phi/shared/ids";
import { printable } from "@phi/shared/text";
import type { Invocation } from "../invocation.js";

/**
 * Reads what a person typed for a session: the id or its beginning (at least four characters after `ses_`; the prefix may be
 * left out), in any case. The broker says whether it is one session. Throws `invalid_input`.
 */
export function readSessionId(phi: Invocation, typed: string): string {
  const id = parseIdPrefix("session", typed) ?? parseIdPrefix("session", `ses_${typed}`);
  if (id !== undefined) return id;
  throw new PhiError("invalid_input", `"${printable(typed, 80)}" is not the id of a session.`, {
    hint: `an id looks like ses_7k3m9q2x4v8a1b2c; see ${phi.typed("sessions")}`,
  });
}
