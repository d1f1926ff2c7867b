import * as z from "zod";
import { isTimeZone, WEEKDAYS, type Weekday } from "../domain/policy/time-span.js";

/** How the configuration writes hours of the week. Messages finish the sentence "FIELD …". */

const MONDAY_FIRST: readonly Weekday[] = [...WEEKDAYS.slice(1), "sun"];

/** `[mon-fri]`, `[sat, sun]`, `[fri-mon]`; parsed to the days, none twice. */
export const weekdays = z
  .array(
    z
      .string()
      .meta({ examples: ["mon-fri", "sat"] })
      .transform((written, context): Weekday[] => {
        const [from, to = from, more] = written.split("-").map((word) => MONDAY_FIRST.findIndex((day) => day === word));
        if (from === undefined || to === undefined || from < 0 || to < 0 || more !== undefined) {
          context.addIssue({
            code: "custom",
            message: `must be a day or days: ${MONDAY_FIRST.join(", ")}, or for example mon-fri`,
          });
          return z.NEVER;
        }
        const length = ((to - from + 7) % 7) + 1;
        return Array.from({ length }, (_, step) => MONDAY_FIRST[(from + step) % 7]).filter((day) => day !== undefined);
      }),
  )
  .min(1)
  .max(7)
  .transform((days) => [...new Set(days.flat())]);

/** `09:00-17:00`, `22:00-06:00`, `00:00-24:00`; parsed to minutes since midnight. */
export const clockSpan = z
  .string({ error: (issue) => (issue.input === undefined ? undefined : "must be hours such as 09:00-17:00") })
  .meta({ examples: ["09:00-17:00", "22:00-06:00"] })
  .transform((written, context) => {
    const times = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(written)?.slice(1).map(Number);
    const [fromHour = 99, fromMinute = 99, untilHour = 99, untilMinute = 99] = times ?? [];
    const [from, until] = [fromHour * 60 + fromMinute, untilHour * 60 + untilMinute];
    if (fromMinute > 59 || untilMinute > 59 || from > 1_439 || until > 1_440 || until === 0 || from === until) {
      context.addIssue({ code: "custom", message: "must be hours such as 09:00-17:00, 22:00-06:00 or 00:00-24:00" });
      return z.NEVER;
    }
    return { from, until };
  });

/** An IANA name that this machine's ICU knows. */
export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, "is not a time zone; write its IANA name, for example Europe/Berlin or UTC")
  .meta({ examples: ["Europe/Berlin", "UTC"] });
