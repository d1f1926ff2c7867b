import { name } from "@phi/shared/contract/fields";
import { formatDuration } from "@phi/shared/duration";
import { Secret } from "@phi/shared/secret";
import * as z from "zod";
import { isTimeZone } from "../domain/policy/time-span.js";
import { allowPrivate, plainHttp, postAddress, secretAddress } from "./delivery-fields.js";
import { duration, selector, text } from "./fields.js";

const HOUR = 3_600;
/** Beyond this nobody should go on believing a copy, in seconds. */
const OLDEST = 31 * 24 * HOUR;

const calendar = z
  .strictObject({
    file: text(1_000).optional().describe("An iCalendar file, relative to this one; looked at every few seconds."),
    url: z
      .union([secretAddress, postAddress])
      .optional()
      .describe("Or the address of one; a reference where the address is a secret."),
    allowPrivate,
    who: z
      .enum(["attendees", "organizer", "summary"])
      .default("attendees")
      .describe("Where an event says who is on call: its attendees, its organizer, or its summary, parted by commas."),
    people: z
      .record(
        text(200),
        selector.refine((value) => value.startsWith("principal:"), "must be principal:SUBJECT"),
      )
      .default({})
      .describe(
        "Whom the calendar's words mean: an address, a name or an alias, and principal:SUBJECT. Other addresses mean who signs in with them, verified.",
      ),
    timeZone: z
      .string()
      .refine(isTimeZone, "is not the name of a time zone, such as Europe/Berlin")
      .optional()
      .describe("Whose clocks are meant by whole days, and by times without a zone."),
    every: duration(HOUR)
      .refine((seconds) => seconds >= 1, "must be at least 1s")
      .default(300)
      .meta({ writtenDefault: "5m" })
      .describe("How often an address is read."),
    maxAge: duration(OLDEST)
      .default(24 * HOUR)
      .meta({ writtenDefault: "24h" })
      .describe("How long the last good copy holds while nothing newer can be read. Then nobody is on call."),
  })
  .superRefine((written, context) => {
    if ((written.file === undefined) === (written.url === undefined))
      context.addIssue({ code: "custom", message: "must have either a file or a url" });
    const { url } = written;
    const address = url instanceof Secret ? url.reveal() : url;
    if (address !== undefined && plainHttp(address, written.allowPrivate))
      context.addIssue({
        code: "custom",
        path: ["url"],
        message: "must use https; http is for loopback addresses, and for private networks with allowPrivate: true",
      });
    if (written.every > written.maxAge)
      context.addIssue({
        code: "custom",
        path: ["every"],
        message: `must not be longer than maxAge, ${formatDuration(written.maxAge)}`,
      });
  });

/** Who is on call, by the names that policies use. */
export const calendarsSchema = z
  .record(name, calendar)
  .default({})
  .describe("Calendars that say who is on call, by name (iCalendar, RFC 5545).");
export type WrittenCalendar = z.infer<typeof calendar>;
