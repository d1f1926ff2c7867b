import { name } from "@phi/shared/contract/fields";
import { LONGEST_DURATION } from "@phi/shared/duration";
import { Secret } from "@phi/shared/secret";
import * as z from "zod";
import { OCCASIONS } from "../domain/occasion.js";
import {
  allowPrivate,
  mailAddress,
  mailServer,
  plainHttp,
  postAddress,
  secretAddress,
  webhookSecrets,
} from "./delivery-fields.js";
import { duration, selector, text } from "./fields.js";
import type { Path, Problem } from "./problems.js";

const channel = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      kind: z.literal("slack").describe("Slack, by an incoming webhook."),
      webhook: secretAddress.describe("The address of the incoming webhook; a reference."),
      allowPrivate,
    }),
    z.strictObject({
      kind: z.literal("slack-app").describe("Slack, by an app's token (chat.postMessage)."),
      token: z
        .custom<Secret>((value) => value instanceof Secret)
        .describe("The bot token, with chat:write; a reference."),
      channel: text(100).describe("Id or name of the channel to post to."),
      api: postAddress.optional().describe("Another address of chat.postMessage than Slack's own, for a gateway."),
      allowPrivate,
    }),
    z.strictObject({
      kind: z.literal("teams").describe("Microsoft Teams, by the webhook of a workflow."),
      webhook: secretAddress.describe("The address of the workflow; a reference."),
      allowPrivate,
    }),
    z.strictObject({
      kind: z.literal("email").describe("E-mail to each person, over SMTP."),
      server: mailServer.describe("smtps://USER:PASSWORD@HOST, or smtp:// with STARTTLS; a reference."),
      from: mailAddress.describe("Who it is from: an address, or NAME <ADDRESS>."),
    }),
    z
      .strictObject({
        kind: z.literal("webhook").describe("Signed calls, for programs."),
        url: postAddress.describe("Where to post."),
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
      issue.code === "invalid_union" ? "must say its kind: slack, slack-app, teams, email or webhook" : undefined,
  },
);

const listener = z.union([z.enum(["requester", "approvers", "admins", "escalation"]), selector], {
  error: "must be requester, approvers, admins, escalation, group:NAME or principal:SUBJECT",
});

/** Who is told what, and how. */
export const notifySchema = z
  .strictObject({
    channels: z.record(name, channel).default({}).describe("Ways to tell people, by name."),
    rules: z
      .array(
        z.strictObject({
          on: z.array(z.enum(OCCASIONS)).min(1).describe("The occasions."),
          through: z.array(name).min(1).max(20).describe("Names of channels."),
          tell: z
            .array(listener)
            .max(50)
            .default(["approvers"])
            .describe("Whom, in channels that reach persons (email). The others post to one place."),
        }),
      )
      .max(100)
      .default([])
      .describe("Which occasions go where; all rules that fit count."),
    addresses: z
      .record(selector, z.array(mailAddress).max(50))
      .default({})
      .describe("E-mail addresses of groups and people; for others those of their ID tokens are used."),
    remindAfter: duration(LONGEST_DURATION).optional().describe("Remind when nobody has answered for so long."),
    escalate: z
      .strictObject({
        after: duration(LONGEST_DURATION).describe("When nobody has answered for so long."),
        to: z
          .array(selector)
          .min(1)
          .max(50)
          .describe("Whom the rules mean by escalation. Being told lets nobody decide who may not."),
      })
      .optional()
      .describe("Telling others of what nobody answers."),
  })
  .default({ channels: {}, rules: [], addresses: {} })
  .describe("Telling people.");
export type Notify = z.infer<typeof notifySchema>;

/** Rules that name channels there are not. */
export function unknownChannels({ channels, rules }: Pick<Notify, "channels" | "rules">): Problem[] {
  return rules.flatMap(({ through }, index) =>
    through.flatMap((wanted, place) => {
      const path: Path = ["notify", "rules", index, "through", place];
      return Object.hasOwn(channels, wanted) ? [] : [{ path, message: "is not a channel of this file" }];
    }),
  );
}
