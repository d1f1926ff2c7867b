import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import { type Instant, parsePast } from "@phi/shared/time";

/** A point in the past as typed for a flag. Throws `invalid_input`. */
export function readPast(text: string, flag: string, now: Instant): Instant {
  const instant = parsePast(text, now);
  if (instant !== undefined) return instant;
  throw new PhiError("invalid_input", `${flag}: "${printable(text, 60)}" is not a point in time.`, {
    hint: "write it like 7d (seven days ago), 2026-11-22 or 2026-11-22T17:05:00Z",
  });
}
