import ICAL from "ical.js";

const MINUTE = 60_000;

/**
 * A time zone by its IANA name, as this runtime knows it: for files that name a zone and do not bring its definition along, which RFC 5545 §3.2.19
 * wants and many leave out.
 */
export class IntlTimezone extends ICAL.Timezone {
  readonly #format: Intl.DateTimeFormat;

  constructor(name: string) {
    super(new ICAL.Component("vtimezone"));
    this.tzid = name;
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      ...{ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" },
    });
  }

  /** Seconds ahead of UTC when the clocks of the zone show this. What they show twice is the first time; what they skip is read by the clock before (RFC 5545 §3.3.5). */
  override utcOffset(time: ICAL.Time): number {
    const wall = Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute, time.second);
    const [before, after] = [this.#offsetAt(wall - 1_440 * MINUTE), this.#offsetAt(wall + 1_440 * MINUTE)];
    const isShown = (offset: number) => this.#offsetAt(wall - offset) === offset;
    return (isShown(before) || !isShown(after) ? before : after) / 1_000;
  }

  /** ms ahead of UTC at an instant. */
  #offsetAt(instant: number): number {
    const shown = Object.fromEntries(
      this.#format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1_000) * 1_000;
  }
}
