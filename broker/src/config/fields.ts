import { formatDuration, parseDuration } from "@phi/shared/duration";
import { hasUnsafeText } from "@phi/shared/text";
import * as z from "zod";
import type { Selector } from "../domain/principal.js";

/** The parts the configuration's schema is built from. Messages finish the sentence "FIELD …". */

/** A length of time as people write it; parsed to whole seconds, at most `longest` of them. */
export function duration(longest: number) {
  const example = `write for example 45s, 30m or 1h30m, at most ${formatDuration(longest)}`;
  return z
    .string({ error: (issue) => (issue.input === undefined ? undefined : `must be a length of time; ${example}`) })
    .meta({ examples: ["30m", "4h", "7d"] })
    .transform((text, context) => {
      const seconds = parseDuration(text);
      if (seconds !== undefined && seconds <= longest) return seconds;
      const wrong = seconds === undefined ? "is not a length of time" : "is too long";
      context.addIssue({ code: "custom", message: `${wrong}; ${example}` });
      return z.NEVER;
    });
}

/** One printable line of 1 to `limit` characters. */
export const text = (limit: number) =>
  z
    .string()
    .min(1)
    .max(limit)
    .refine((value) => !hasUnsafeText(value), "must not hold control, direction-changing or invisible characters");

/** `group:NAME` or `principal:SUBJECT`. */
export const selector = z
  .templateLiteral([z.enum(["group", "principal"]), ":", z.string().min(1)], {
    error: (issue) =>
      typeof issue.input === "string"
        ? "must be group:NAME or principal:SUBJECT (the subject the issuer gives, not a name or an address)"
        : undefined,
  })
  .refine((value) => value.length <= 265 && !hasUnsafeText(value) && value === value.trim(), {
    error: "must be at most 255 printable characters after the colon, without spaces around them",
  }) satisfies z.ZodType<Selector>;

/** Who may approve: a selector, or `oncall:CALENDAR`. */
export const approver = z.union([selector, z.templateLiteral(["oncall:", z.string().regex(/^[a-z0-9-]{1,63}$/)])], {
  error: (issue) =>
    typeof issue.input === "string" ? "must be group:NAME, principal:SUBJECT or oncall:CALENDAR" : undefined,
}) satisfies z.ZodType<Selector>;

/** `HOST:PORT`, IPv6 in brackets, port 0 for any free one. */
export const listenAddress = z
  .string()
  .meta({ examples: ["127.0.0.1:7420", "[::1]:7420"] })
  .transform((value, context) => {
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(value);
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    if (host !== undefined && port <= 65_535) return { host, port };
    context.addIssue({
      code: "custom",
      message: "must be HOST:PORT, for example 127.0.0.1:7420, with a port from 0 to 65535",
    });
    return z.NEVER;
  });

/** Whether nobody but this machine can reach or pretend to be the host (RFC 8252 §7.3, RFC 6761 §6.3). */
export function isLoopback(host: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|\[?::1\]?|localhost)$/i.test(host);
}

/** An `https` address, or `http` on loopback. Kept as written. */
export const webAddress = z
  .string()
  .max(2_000)
  .superRefine((value, context) => {
    const wrong = whatIsWrongWithAddress(value);
    if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
  });

function whatIsWrongWithAddress(value: string): string | undefined {
  if (!URL.canParse(value) || !/^https?:\/\//i.test(value))
    return "must be a whole address, for example https://login.example.com";
  const url = new URL(value);
  if (url.username !== "" || url.password !== "") return "must not hold a user name or a password";
  if (/[?#]/.test(value)) return "must not have a query or a fragment";
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    return "must use https; http is for loopback addresses only";
  return undefined;
}
