import type ICAL from "ical.js";
import type { OnCallWord } from "../domain/on-call.js";
import type { CalendarOrder } from "../ports/calendars.js";

/** Where an event says who is on call, and who is meant by words that are no address. */
export type Naming = Pick<CalendarOrder, "who" | "people">;

/** Who an event names. `unknown`: words that mean nobody phi can be sure of. */
export function peopleOf(
  event: ICAL.Component,
  { who, people }: Naming,
): { readonly known: readonly OnCallWord[]; readonly unknown: readonly string[] } {
  const words = wordsOf(event, who).filter((word) => word !== "");
  const known = words.flatMap((word) => people.get(word.toLowerCase()) ?? addressOf(word) ?? []);
  const unknown = words.filter((word) => !people.has(word.toLowerCase()) && addressOf(word) === undefined);
  return { known: [...new Set(known)], unknown };
}

function wordsOf(event: ICAL.Component, who: Naming["who"]): string[] {
  switch (who) {
    case "attendees":
      // Who has declined is not there, and a room is nobody (RFC 5545 §3.2.3, §3.2.12).
      return event
        .getAllProperties("attendee")
        .filter((one) => one.getFirstParameter("partstat")?.toUpperCase() !== "DECLINED")
        .filter((one) => !["ROOM", "RESOURCE"].includes(one.getFirstParameter("cutype")?.toUpperCase()))
        .map((one) => String(one.getFirstValue() ?? "").trim());
    case "organizer":
      return [String(event.getFirstPropertyValue("organizer") ?? "").trim()];
    case "summary":
      return String(event.getFirstPropertyValue("summary") ?? "")
        .split(",")
        .map((part) => part.trim());
  }
}

/** `mailto:carol@example.com` or the address alone, whole and nothing else. */
function addressOf(word: string): OnCallWord | undefined {
  const address = word.replace(/^mailto:/i, "").toLowerCase();
  return /^[^\s<>@,;:"()[\]\\]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(address)
    ? `mailto:${address}`
    : undefined;
}
