import { describe, expect, it } from "vitest";
import type { OnCallWord } from "../domain/on-call.js";
import { createReadCalendar } from "./read-icalendar.js";

const BERLIN = `BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE`;
const calendar = (...parts: string[]) =>
  ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", ...parts, "END:VCALENDAR", ""]
    .join("\n")
    .replaceAll("\n", "\r\n");
const event = (...lines: string[]) =>
  ["BEGIN:VEVENT", "UID:one", "DTSTAMP:20260101T000000Z", ...lines, "END:VEVENT"].join("\n");
const carol = "ATTENDEE;CN=Carol Chen;PARTSTAT=ACCEPTED:mailto:Carol@Example.com";
const utc = (text: string) => Date.parse(text);
const span = { from: utc("2026-01-01T00:00:00Z"), until: utc("2027-01-01T00:00:00Z") };

interface As {
  readonly who?: "attendees" | "organizer" | "summary";
  readonly people?: Readonly<Record<string, OnCallWord>>;
  readonly timeZone?: string;
}
async function read(text: string, as: As = {}, within = span) {
  const { who = "attendees", people = {}, timeZone } = as;
  const reading = await createReadCalendar({ who, people: new Map(Object.entries(people)) }, timeZone)(text, within);
  return {
    ...reading,
    turns: reading.turns.map(({ from, until, who: named }) => [
      new Date(from).toISOString().slice(0, 16),
      new Date(until).toISOString().slice(0, 16),
      ...named,
    ]),
  };
}

describe("times", () => {
  it.each([
    ["in UTC", "DTSTART:20260330T080000Z", "DTEND:20260330T200000Z", "2026-03-30T08:00", "2026-03-30T20:00"],
    [
      "of a zone that the file defines, in summer",
      'DTSTART;TZID="W. Europe Standard Time":20260330T080000',
      'DTEND;TZID="W. Europe Standard Time":20260330T200000',
      "2026-03-30T06:00",
      "2026-03-30T18:00",
    ],
    [
      "… and in winter",
      "DTSTART;TZID=W. Europe Standard Time:20260115T080000",
      "DURATION:PT12H",
      "2026-01-15T07:00",
      "2026-01-15T19:00",
    ],
    [
      "of a zone that only this runtime knows, in summer",
      "DTSTART;TZID=America/New_York:20260701T080000",
      "DTEND;TZID=America/New_York:20260701T200000",
      "2026-07-01T12:00",
      "2026-07-02T00:00",
    ],
    [
      "across the night on which the clocks go forward",
      "DTSTART;TZID=Europe/Berlin:20260328T200000",
      "DTEND;TZID=Europe/Berlin:20260329T080000",
      "2026-03-28T19:00",
      "2026-03-29T06:00",
    ],
    [
      "at an hour that comes twice: the first of them",
      "DTSTART;TZID=Europe/Berlin:20261025T023000",
      "DURATION:PT1H",
      "2026-10-25T00:30",
      "2026-10-25T02:30",
    ],
    [
      "at an hour that is skipped: as the clock before has it",
      "DTSTART;TZID=Europe/Paris:20260329T023000",
      "DTEND:20260329T030000Z",
      "2026-03-29T01:30",
      "2026-03-29T03:00",
    ],
  ])("are read %s", async (_what, begins, ends, from, until) => {
    const { turns } = await read(calendar(BERLIN, event(begins, ends, carol)));
    expect(turns).toEqual([[from, until, "mailto:carol@example.com"]]);
  });

  it("of whole days, and without a zone, are on the clocks that the configuration names, and unreadable without", async () => {
    const text = calendar(event("DTSTART;VALUE=DATE:20260701", "DTEND;VALUE=DATE:20260708", carol));
    expect((await read(text, { timeZone: "Europe/Berlin" })).turns).toEqual([
      ["2026-06-30T22:00", "2026-07-07T22:00", "mailto:carol@example.com"],
    ]);
    await expect(read(text)).rejects.toMatchObject({ message: expect.stringContaining("timeZone") });
    const floating = calendar(event("DTSTART:20260701T080000", "DURATION:PT1H", carol));
    await expect(read(floating)).rejects.toMatchObject({ code: "invalid_input" });
  });
});

describe("a shift that repeats", () => {
  it("keeps its hours on the clock over the change of the clocks", async () => {
    const rule = event(
      "DTSTART;TZID=Europe/Berlin:20260327T180000",
      "DTEND;TZID=Europe/Berlin:20260327T200000",
      "RRULE:FREQ=DAILY;COUNT=4",
      carol,
    );
    expect((await read(calendar(rule))).turns.map(([from]) => from)).toEqual([
      "2026-03-27T17:00",
      "2026-03-28T17:00",
      "2026-03-29T16:00",
      "2026-03-30T16:00",
    ]);
  });

  it("leaves out what is excepted and cancelled, moves what was moved, and changes who was changed", async () => {
    const master = event(
      "DTSTART:20260601T080000Z",
      "DTEND:20260601T100000Z",
      "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20260629T080000Z",
      "EXDATE:20260608T080000Z",
      carol,
    );
    const cancelled = event(
      "RECURRENCE-ID:20260615T080000Z",
      "DTSTART:20260615T080000Z",
      "DTEND:20260615T100000Z",
      "STATUS:CANCELLED",
      carol,
    );
    const moved = event(
      "RECURRENCE-ID:20260622T080000Z",
      "DTSTART:20260623T120000Z",
      "DTEND:20260623T130000Z",
      "ATTENDEE:mailto:dan@example.com",
    );
    expect((await read(calendar(master, cancelled, moved))).turns).toEqual([
      ["2026-06-01T08:00", "2026-06-01T10:00", "mailto:carol@example.com"],
      ["2026-06-23T12:00", "2026-06-23T13:00", "mailto:dan@example.com"],
      ["2026-06-29T08:00", "2026-06-29T10:00", "mailto:carol@example.com"],
    ]);
  });

  it("is written out for the span only, also when it has no end and began long ago", async () => {
    const endless = event("DTSTART:20100104T080000Z", "DURATION:P1W", "RRULE:FREQ=WEEKLY;INTERVAL=2", carol);
    const within = { from: utc("2026-06-01T00:00:00Z"), until: utc("2026-06-30T00:00:00Z") };
    const { turns } = await read(calendar(endless), {}, within);
    expect(turns.length).toBeGreaterThanOrEqual(2);
    expect(turns.length).toBeLessThanOrEqual(3);
  });
});

describe("who is on call", () => {
  const at = ["DTSTART:20260701T080000Z", "DURATION:PT8H"];
  it("is every attendee who has not declined, and no room", async () => {
    const text = calendar(
      event(
        ...at,
        carol,
        "ATTENDEE;PARTSTAT=DECLINED:mailto:dan@example.com",
        "ATTENDEE;CUTYPE=ROOM:mailto:room@example.com",
        "ATTENDEE:MAILTO:erin@example.com",
      ),
    );
    expect((await read(text)).turns[0]?.slice(2)).toEqual(["mailto:carol@example.com", "mailto:erin@example.com"]);
  });

  it("is the organizer, or the addresses in the summary, where the calendar is kept so", async () => {
    const text = calendar(
      event(...at, "SUMMARY:erin@example.com\\, frank@example.com", "ORGANIZER:mailto:gina@example.com", carol),
    );
    expect((await read(text, { who: "organizer" })).turns[0]?.slice(2)).toEqual(["mailto:gina@example.com"]);
    expect((await read(text, { who: "summary" })).turns[0]?.slice(2)).toEqual([
      "mailto:erin@example.com",
      "mailto:frank@example.com",
    ]);
  });

  it("is nobody by a name alone, unless the configuration says whom it means", async () => {
    const text = calendar(event(...at, "SUMMARY:Carol Chen"));
    expect(await read(text, { who: "summary" })).toMatchObject({ turns: [], unknown: ["Carol Chen"], unknownCount: 1 });
    const people = { "carol chen": "principal:00u1" } as const;
    expect((await read(text, { who: "summary", people })).turns[0]?.slice(2)).toEqual(["principal:00u1"]);
  });

  it("is nobody by an address with something around it", async () => {
    const text = calendar(event(...at, "SUMMARY:on call: carol@example.com"));
    expect((await read(text, { who: "summary" })).turns).toEqual([]);
  });
});

describe("a calendar is unreadable as a whole", () => {
  const at = ["DTSTART:20260701T080000Z", "DURATION:PT8H", carol];
  it.each([
    ["that is cut off", calendar(event(...at)).slice(0, 150)],
    ["that is something else", "<html>Please sign in</html>"],
    ["that is empty", ""],
    [
      "with a zone that nobody knows",
      calendar(event("DTSTART;TZID=Middle-earth/Shire:20260701T080000", "DURATION:PT1H")),
    ],
    ["with an event without a beginning", calendar(event("SUMMARY:x"))],
    [
      "with a rule that never comes true",
      calendar(event("DTSTART:20260101T000000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")),
    ],
    ["that repeats without sense", calendar(event("DTSTART:19700101T000000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY"))],
  ])("%s", async (_what, text) => {
    await expect(read(text)).rejects.toMatchObject({ name: "PhiError", code: "invalid_input" });
  });

  it("but while it is read, timers go on", async () => {
    const busy = calendar(event("DTSTART:20250101T000000Z", "DURATION:PT1M", "RRULE:FREQ=MINUTELY;COUNT=40000", carol));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await read(busy, {}, { from: utc("2025-01-01T00:00:00Z"), until: utc("2025-01-02T00:00:00Z") });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });
});
