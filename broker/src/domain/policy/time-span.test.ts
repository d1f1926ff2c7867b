import { describe, expect, it } from "vitest";
import { compileSpans, isTimeZone, spansInWords, type TimeSpan } from "./time-span.js";

const office: TimeSpan = {
  days: ["mon", "tue", "wed", "thu", "fri"],
  from: 540,
  until: 1_020,
  timeZone: "Europe/Berlin",
};
const night: TimeSpan = { days: ["fri"], from: 22 * 60, until: 6 * 60, timeZone: "Europe/Berlin" };
const at = (text: string) => Date.parse(text);

describe("hours of the week", () => {
  it.each([
    [office, "2026-11-23T07:59:59Z", false],
    [office, "2026-11-23T08:00:00Z", true], // 09:00 in winter
    [office, "2026-11-23T15:59:59Z", true],
    [office, "2026-11-23T16:00:00Z", false],
    [office, "2026-11-22T12:00:00Z", false], // a Sunday
    [office, "2026-07-20T07:00:00Z", true], // 09:00 in summer
    [office, "2026-07-20T15:00:00Z", false],
    [night, "2026-11-27T21:00:00Z", true], // Friday 22:00
    [night, "2026-11-28T04:59:00Z", true], // Saturday 05:59
    [night, "2026-11-28T05:00:00Z", false],
    [night, "2026-11-28T21:30:00Z", false], // Saturday 22:30
    [night, "2026-11-27T04:00:00Z", false], // Friday 05:00 belongs to Thursday's night
    [{ ...office, timeZone: "America/New_York" }, "2026-11-23T13:59:00Z", false],
    [{ ...office, timeZone: "America/New_York" }, "2026-11-23T14:00:00Z", true],
    [{ days: ["sun"], from: 0, until: 1_440, timeZone: "Pacific/Auckland" }, "2026-11-21T11:00:00Z", true], // Sunday 00:00 there
    [{ days: ["sun"], from: 0, until: 1_440, timeZone: "Pacific/Auckland" }, "2026-11-22T11:00:00Z", false],
  ] as const)("%j at %s: %s", (span, instant, isOpen) => {
    expect(compileSpans([span])(at(instant))).toBe(isOpen);
  });

  it("that the clocks skip do not come, and that they repeat come twice", () => {
    const gap: TimeSpan = { days: ["sun"], from: 150, until: 180, timeZone: "Europe/Berlin" }; // 02:30-03:00
    const isOpen = compileSpans([gap]);
    const minutes = (from: string, hours: number) =>
      Array.from({ length: hours * 60 }, (_, minute) => at(from) + minute * 60_000).filter(isOpen).length;
    expect(minutes("2026-03-28T23:00:00Z", 24)).toBe(0); // clocks go from 02:00 to 03:00
    expect(minutes("2026-10-24T22:00:00Z", 25)).toBe(60); // and from 03:00 back to 02:00
    expect(minutes("2026-11-21T23:00:00Z", 24)).toBe(30);
  });

  it("none is always, several are any of them", () => {
    expect(compileSpans(undefined)(0)).toBe(true);
    expect(compileSpans([office, night])(at("2026-11-27T22:00:00Z"))).toBe(true);
  });

  it("are said as the configuration writes them", () => {
    expect(spansInWords([office, night])).toBe("mon-fri 09:00-17:00 Europe/Berlin or fri 22:00-06:00 Europe/Berlin");
    expect(spansInWords([{ ...office, days: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] }])).toContain(
      "every day",
    );
    expect(spansInWords([{ ...office, days: ["sat", "sun", "tue"] }])).toContain("tue,sat-sun");
  });

  it("know IANA time zones and nothing else", () => {
    expect(["Europe/Berlin", "UTC", "America/Argentina/Ushuaia"].every(isTimeZone)).toBe(true);
    expect(["Berlin", "", "Mars/Olympus"].some(isTimeZone)).toBe(false);
  });
});
