import { formatDuration, LONGEST_DURATION, parseDuration } from "@phi/shared/duration";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";

/** Seconds of a length of time that was typed for `flag`, or the `invalid_input` that says how to write it. */
export function readLength(text: string, flag: string): number {
  const seconds = parseDuration(text);
  if (seconds !== undefined) return seconds;
  throw new PhiError("invalid_input", `${flag}: "${printable(text, 60)}" is not a length of time.`, {
    hint: `write it like 45s, 30m, 1h30m or 2d; at most ${formatDuration(LONGEST_DURATION)}`,
  });
}
