import { resolve } from "node:path";
import { name } from "@phi/shared/contract/fields";
import * as z from "zod";
import { allowPrivate, plainHttp, postAddress, syslogAddress, webhookSecrets } from "./delivery-fields.js";
import { text } from "./fields.js";
import type { Path, Problem } from "./problems.js";

const named = {
  name: name.describe("What operators call it; its place in the log is kept under this name."),
  format: z
    .enum(["json", "ocsf", "cloudevents"])
    .default("json")
    .describe("Each event as GET /v1/audit gives it, or as phi audit export writes it."),
};

const LOCAL = ["local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"] as const;

/** Where the audit log is delivered to, by kind. */
export const deliverySchema = z
  .array(
    z.discriminatedUnion(
      "kind",
      [
        z.strictObject({
          ...named,
          kind: z.literal("stdout").describe("JSON lines on the broker's standard output."),
        }),
        z.strictObject({
          ...named,
          kind: z.literal("file").describe("JSON lines appended to a file."),
          path: text(1_000).describe("The file, relative to this one; made with mode 0600, opened anew on SIGHUP."),
        }),
        z.strictObject({
          ...named,
          kind: z.literal("syslog").describe("RFC 5424 messages for a log server."),
          address: syslogAddress.describe("tcp://HOST:PORT, tls://HOST:PORT or udp://HOST:PORT."),
          facility: z
            .enum(["auth", "authpriv", "audit", ...LOCAL])
            .default("audit")
            .describe("The facility of the messages."),
          ca: text(1_000)
            .optional()
            .describe("For tls: file with the authorities that may have signed; left out: the system's."),
        }),
        z
          .strictObject({
            ...named,
            kind: z.literal("webhook").describe("Signed calls, one for each event."),
            url: postAddress.describe("Where to post; https, unless it says loopback or allowPrivate is true."),
            secrets: webhookSecrets,
            allowPrivate,
          })
          .refine((hook) => !plainHttp(hook.url, hook.allowPrivate), {
            path: ["url"],
            message: "must use https; http is for loopback addresses, and for private networks with allowPrivate: true",
          }),
      ],
      {
        error: (issue) =>
          issue.code === "invalid_union" ? "must say its kind: stdout, file, syslog or webhook" : undefined,
      },
    ),
  )
  .max(20)
  .default([])
  .describe("Destinations of the audit log: each gets every event, in order, at least once.");
export type DeliveryTarget = z.infer<typeof deliverySchema>[number];

/** Its files relative to the configuration's folder. */
export function placed(target: DeliveryTarget, folder: string): DeliveryTarget {
  if (target.kind === "file") return { ...target, path: resolve(folder, target.path) };
  return target.kind === "syslog" && target.ca !== undefined ? { ...target, ca: resolve(folder, target.ca) } : target;
}

/** A destination's place in the log is kept under its name, so no two may share one. `deliver`: as in the file. */
export function sharedNames(deliver: readonly { readonly name?: unknown }[], prefix: Path): Problem[] {
  return deliver.flatMap(({ name }, index) => {
    const first = deliver.findIndex((other) => other.name === name);
    if (name === undefined || first === index) return [];
    return [{ path: [...prefix, index, "name"], message: `is the name of ${prefix.join(".")}[${first}] too` }];
  });
}
