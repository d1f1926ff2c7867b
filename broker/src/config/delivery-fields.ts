import { Secret } from "@phi/shared/secret";
import { hasUnsafeText } from "@phi/shared/text";
import * as z from "zod";
import { isLoopback } from "./fields.js";

/** The parts that destinations and channels are configured with. */

/** A secret: a reference. Judged by its form only. */
const secret = z.custom<Secret>((value) => value instanceof Secret);

/** A secret of Standard Webhooks 1.0: `whsec_` and base64 of 24 to 64 random bytes. */
export const webhookSecrets = z
  .array(
    secret.refine((value) => isWebhookSecret(value.reveal()), "must be whsec_ and the base64 of 24 to 64 random bytes"),
  )
  .min(1)
  .max(2)
  .describe(
    "What signs each call: whsec_ and base64 of 24 to 64 random bytes; a second one while the receiver changes over.",
  );

/** An address that is itself a secret, because whoever knows it may post there. */
export const secretAddress = secret.refine(
  (value) => whatIsWrong(value.reveal()) === undefined,
  "must be a whole https address without user or password",
);

export const allowPrivate = z
  .boolean()
  .default(false)
  .describe(
    "The receiver is in a private network: private addresses and plain http are accepted. Metadata addresses never are.",
  );

/** The address of a webhook. Whether `http` is in order depends on `allowPrivate`: {@link plainHttp}. */
export const postAddress = z
  .string()
  .max(2_000)
  .superRefine((value, context) => {
    const wrong = whatIsWrong(value);
    if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
  });

/** Whether the address is `http` without anything that allows it. */
export function plainHttp(url: string, isPrivate: boolean): boolean {
  return URL.canParse(url) && url.startsWith("http://") && !isPrivate && !isLoopback(new URL(url).hostname);
}

function whatIsWrong(value: string): string | undefined {
  if (!URL.canParse(value) || !/^https?:\/\//.test(value))
    return "must be a whole address, for example https://hooks.example.com/phi";
  const { username, password, hash } = new URL(value);
  if (username !== "" || password !== "") return "must not hold a user name or a password";
  return hash === "" ? undefined : "must not have a fragment";
}

function isWebhookSecret(value: string): boolean {
  const [, text] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(value) ?? [];
  if (text === undefined) return false;
  const bytes = Buffer.from(text, "base64").length;
  return bytes >= 24 && bytes <= 64;
}

/** `tcp://HOST:PORT`, `tls://…` or `udp://…`. */
export const syslogAddress = z
  .string()
  .max(300)
  .meta({ examples: ["tls://logs.example.com:6514", "tcp://127.0.0.1:514"] })
  .transform((value, context) => {
    const match = /^(tcp|tls|udp):\/\/(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(value);
    const host = match?.[2] ?? match?.[3];
    const port = Number(match?.[4]);
    const transport = match?.[1];
    if (
      host !== undefined &&
      port > 0 &&
      port <= 65_535 &&
      (transport === "tcp" || transport === "tls" || transport === "udp")
    )
      return { transport, host, port } as const;
    context.addIssue({ code: "custom", message: "must be tcp://HOST:PORT, tls://HOST:PORT or udp://HOST:PORT" });
    return z.NEVER;
  });

/** An address (RFC 5321, without quoting), or `NAME <ADDRESS>`. Nothing in it can begin another header or recipient. */
export const mailAddress = z
  .string()
  .max(320)
  .regex(
    /^(?:[^<>@,;:"\\\r\n]{1,100} <[^\s<>@,;:"()[\]\\]{1,64}@[A-Za-z0-9.-]{1,253}>|[^\s<>@,;:"()[\]\\]{1,64}@[A-Za-z0-9.-]{1,253})$/,
    "must be an e-mail address, or NAME <ADDRESS>",
  )
  .refine((value) => !hasUnsafeText(value), "must not hold control, direction-changing or invisible characters");

/** A mail server with the account in it. */
export const mailServer = secret.refine((value) => {
  const text = value.reveal();
  return /^smtps?:\/\/[^/?#]+\/?$/.test(text) && URL.canParse(text);
}, "must be smtps://USER:PASSWORD@HOST:PORT or smtp://…");
