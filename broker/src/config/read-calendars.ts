import { resolve } from "node:path";
import { Secret } from "@phi/shared/secret";
import type { OnCallWord } from "../domain/on-call.js";
import type { CalendarOrder } from "../ports/calendars.js";
import type { WrittenCalendar } from "./calendar-schema.js";
import { didYouMean } from "./explain-issue.js";
import type { Problem } from "./problems.js";
import { isMapping } from "./read-resources.js";

/** The calendars of a file in `folder`. Only for what the schema found nothing in. */
export function calendarOrders(written: Readonly<Record<string, WrittenCalendar>>, folder: string): CalendarOrder[] {
  return Object.entries(written).map(
    ([name, { file, url = "", allowPrivate, who, people, timeZone, every, maxAge }]) => ({
      name,
      from:
        file === undefined
          ? { url: url instanceof Secret ? url : new Secret(url), allowPrivate }
          : { file: resolve(folder, file) },
      who,
      people: new Map(Object.entries(people).map(([word, whom]) => [word.trim().toLowerCase(), whom as OnCallWord])),
      timeZone,
      every: every * 1_000,
      maxAge: maxAge * 1_000,
    }),
  );
}

/** Policies that name calendars there are not. Both as in the file. */
export function unknownCalendars(policies: unknown, calendars: unknown): Problem[] {
  const names = Object.keys(isMapping(calendars) ? calendars : {});
  const written = Array.isArray(policies) ? policies : [];
  const unknown = (wanted: unknown, path: Problem["path"]): Problem[] =>
    typeof wanted !== "string" || names.includes(wanted)
      ? []
      : [{ path, message: `is not a calendar of this file${didYouMean(wanted, names)}` }];
  return written.filter(isMapping).flatMap((policy, index) => {
    const { approval } = policy;
    const path = ["policies", index] as const;
    const lists = isMapping(approval)
      ? [
          { from: approval.from, at: [...path, "approval", "from"] },
          ...(Array.isArray(approval.stages) ? approval.stages : []).map((stage, place) => ({
            from: isMapping(stage) ? stage.from : undefined,
            at: [...path, "approval", "stages", place, "from"],
          })),
        ]
      : [];
    return [
      ...unknown(policy.onCall, [...path, "onCall"]),
      ...lists.flatMap(({ from, at }) =>
        (Array.isArray(from) ? from : []).flatMap((one, place) =>
          typeof one === "string" && one.startsWith("oncall:")
            ? unknown(one.slice("oncall:".length), [...at, place])
            : [],
        ),
      ),
    ];
  });
}
