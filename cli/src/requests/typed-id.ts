import { PhiError } from "@phi/shared/errors";
import { parseIdPrefix } from "@phi/shared/ids";
import { printable } from "@phi/shared/text";
import type { Invocation } from "../invocation.js";

/**
 * Reads what a person typed for a request: the id or its beginning (at least four characters after `req_`; the prefix may
 * be left out), in any case. The broker says whether it is one request. Throws `invalid_input`.
 */
export function readRequestId(phi: Invocation, typed: string): string {
  const id = parseIdPrefix("request", typed) ?? parseIdPrefix("request", `req_${typed}`);
  if (id !== undefined) return id;
  throw new PhiError("invalid_input", `"${printable(typed, 80)}" is not the id of a request.`, {
    hint: `an id looks like req_7k3m9q2x4v8a; see ${phi.typed("requests")}`,
  });
}
