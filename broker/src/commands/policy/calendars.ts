import { createCalendarSource } from "../../calendars/calendar-source.js";
import type { PolicyFile } from "../../config/load-policy.js";
import type { Calendar, Calendars } from "../../domain/on-call.js";

const SPAN = 35 * 86_400_000;

/**
 * What the calendars of a configuration say around these instants: those in files are read, whatever their age; those at an address are not known here.
 *
 * @throws PhiError for a file that cannot be read, or understood
 */
export async function calendarsAround(
  { calendars, calendarNames }: Pick<PolicyFile, "calendars" | "calendarNames">,
  instants: readonly number[],
): Promise<Calendars> {
  const from = instants.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY) - SPAN;
  const until = instants.reduce((most, at) => Math.max(most, at), Number.NEGATIVE_INFINITY) + SPAN;
  const known = new Map<string, Calendar>(
    calendarNames.map((name) => [name, { state: "unknown", because: "it is at an address, which is not asked here" }]),
  );
  for (const order of calendars) {
    const source = createCalendarSource(order);
    const { turns } = await source.read(await source.fetch(AbortSignal.timeout(10_000)), { from, until });
    source.close();
    known.set(order.name, { state: "known", turns, from, until });
  }
  return known;
}
