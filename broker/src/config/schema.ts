import { name } from "@phi/shared/contract/fields";
import { recordingModes } from "@phi/shared/contract/recording";
import { LONGEST_DURATION } from "@phi/shared/duration";
import { Secret } from "@phi/shared/secret";
import * as z from "zod";
import { calendarsSchema } from "./calendar-schema.js";
import { deliverySchema } from "./delivery-schema.js";
import { duration, listenAddress, selector, text, webAddress } from "./fields.js";
import { notifySchema } from "./notify-schema.js";
import { policySchema } from "./policy-schema.js";

/** What the configuration needs of a provider: how to read its part of a resource, and one of its roles. */
export interface KindSchema {
  readonly config: z.ZodType;
  readonly role: z.ZodType;
}
/** By kind. The configuration knows no provider; who composes the broker says which kinds there are. */
export type KindSchemas = Readonly<Record<string, KindSchema>>;

/** A resource without the part of its kind. */
export const resourceFrame = z.strictObject({
  kind: z.string().describe("What it is; decides which further fields there are."),
  description: text(200).optional().describe("Shown to people beside the name."),
  roles: z.record(name, z.unknown()).describe("The levels of access it has, by name."),
});

/** The part of a role that is phi's own; all else is its kind's. */
export const roleFrame = z.strictObject({
  recording: z
    .enum(["none", ...recordingModes])
    .default("none")
    .describe(
      "What is recorded of the sessions under it: none, terminal (what is seen, when there is a terminal), or required (what cannot be recorded does not run).",
    ),
  recordInput: z
    .boolean()
    .default(false)
    .describe("Whether what is typed is recorded too. People type passwords: think twice."),
});

const day = 86_400;

/** The whole file. Resources are read further by `read-resources.ts`, because what they hold depends on their kind. */
export const fileSchema = z.strictObject({
  listen: listenAddress
    .default({ host: "127.0.0.1", port: 7420 })
    .meta({ writtenDefault: "127.0.0.1:7420" })
    .describe("Where the broker listens; port 0 takes a free one."),
  publicUrl: webAddress
    .refine((value) => !URL.canParse(value) || new URL(value).pathname === "/", "must not have a path")
    .transform((value) => value.replace(/\/+$/, ""))
    .optional()
    .describe("Address under which people reach the broker, when it is not the one it listens on."),
  database: z
    .string()
    .min(1)
    .max(2_000)
    .regex(/^(?:file:.|https?:\/\/.|libsql:\/\/.)/, "must begin with file:, http://, https:// or libsql://")
    .describe(
      "The ledger: file:PATH relative to this file (one broker), or the address of a libSQL server's primary (several brokers).",
    ),
  databaseToken: z
    .custom<Secret>((value) => value instanceof Secret)
    .optional()
    .describe("What the libSQL server wants to see; a reference."),
  databasePlainHttp: z
    .boolean()
    .default(false)
    .describe("The network to the libSQL server is private, so that http to another machine is accepted."),
  issuer: z
    .strictObject({
      url: webAddress.describe("The OpenID provider, exactly as it names itself."),
      clientId: text(256).describe("The public client that the CLI signs in as."),
      groupsClaim: text(256).default("groups").describe("The ID token's claim that lists a person's groups."),
      scopes: z
        .string()
        .max(512)
        .refine(
          (value) => value.split(" ").includes("openid"),
          'must be names parted by single spaces, "openid" among them',
        )
        .default("openid profile email groups")
        .describe("What the CLI asks the issuer for."),
    })
    .describe("Where people sign in."),
  signIn: z
    .strictObject({
      maxAge: duration(30 * day)
        .describe("How long a sign-in lasts.")
        .meta({ writtenDefault: "8h" })
        .default(8 * 3_600),
      onGroupLoss: z
        .enum(["revoke", "keep"])
        .default("revoke")
        .describe(
          "What a new sign-in does with open requests that were made as a member of a group the person is not in any more.",
        ),
    })
    .default({ maxAge: 8 * 3_600, onGroupLoss: "revoke" })
    .meta({ writtenDefault: { maxAge: "8h", onGroupLoss: "revoke" } })
    .describe("The CLI's sign-ins."),
  adminSocket: text(1_000)
    .optional()
    .describe(
      "The Unix socket on which operators' commands reach the broker, relative to this file; left out: beside the database.",
    ),
  metrics: z
    .boolean()
    .default(false)
    .describe("Whether /metrics is also served where people reach the broker; it is always there on the admin socket."),
  audit: z
    .strictObject({
      keyFile: text(1_000)
        .optional()
        .describe(
          "The private key that signs the audit log, relative to this file; made when it is not there. What was signed last is remembered beside it. Left out: beside the database, or beside this file. Several brokers on one ledger need the same key.",
        ),
      deliver: deliverySchema,
    })
    .default({ deliver: [] })
    .describe("The audit log."),
  notify: notifySchema,
  admins: z.array(selector).max(100).default([]).describe("Who sees every request and may revoke any."),
  auditors: z.array(selector).max(100).default([]).describe("Who may read the whole audit log."),
  recordings: z
    .strictObject({
      keepFor: duration(LONGEST_DURATION)
        .default(90 * day)
        .meta({ writtenDefault: "90d" })
        .describe("How long recordings are kept."),
      mostMegabytes: z
        .int()
        .min(1)
        .max(10_000)
        .default(64)
        .describe(
          "Longest recording of one session, in MiB as it is kept (compressed); what comes after is not recorded.",
        ),
    })
    .default({ keepFor: 90 * day, mostMegabytes: 64 })
    .meta({ writtenDefault: { keepFor: "90d", mostMegabytes: 64 } })
    .describe("Recordings of sessions; which are recorded is said by each role."),
  calendars: calendarsSchema,
  resources: z.record(name, z.unknown()).default({}).describe("The targets, by name."),
  policies: z
    .array(policySchema)
    .max(10_000)
    .default([])
    .describe("Who may have what, for how long, and who says yes."),
});
export type FileContent = z.infer<typeof fileSchema>;
