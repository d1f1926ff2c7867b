import { createHmac } from "node:crypto";
import type { Secret } from "@phi/shared/secret";

/**
 * The headers of Standard Webhooks 1.0 (https://github.com/standard-webhooks/standard-webhooks, "Signature scheme"): HMAC-SHA256 over
 * `id.timestamp.body`, once for each secret, so that a receiver can change its secret without a pause.
 *
 * @param secrets `whsec_` and base64 of 24 to 64 bytes
 * @param at ms
 */
export function webhookHeaders(
  id: string,
  body: string,
  at: number,
  secrets: readonly Secret[],
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(at / 1_000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.reveal().slice("whsec_".length), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.join(" "),
  };
}
