import type { Secret } from "@phi/shared/secret";
import type { Channel } from "../ports/channel.js";
import type { Clock } from "../ports/clock.js";
import { createEmail } from "./email.js";
import { createGuardedPost } from "./guarded-post.js";
import { createNoticeWebhook } from "./notice-webhook.js";
import { createSlack } from "./slack.js";
import { createTeams } from "./teams.js";

interface Guard {
  readonly allowPrivate: boolean;
}
/** What a channel is made from, by kind. */
export type ChannelOrder =
  | ({ readonly kind: "slack"; readonly webhook: Secret } & Guard)
  | ({
      readonly kind: "slack-app";
      readonly token: Secret;
      readonly channel: string;
      readonly api?: string | undefined;
    } & Guard)
  | ({ readonly kind: "teams"; readonly webhook: Secret } & Guard)
  | { readonly kind: "email"; readonly server: Secret; readonly from: string }
  | ({ readonly kind: "webhook"; readonly url: string; readonly secrets: readonly Secret[] } & Guard);

/** The channel of an order; nothing is opened before its first notice. */
export function createChannel(name: string, order: ChannelOrder, clock: Clock): Channel {
  switch (order.kind) {
    case "slack":
      return createSlack({ name, access: order, guarded: createGuardedPost(order) });
    case "slack-app":
      return createSlack({ name, access: order, guarded: createGuardedPost(order) });
    case "teams":
      return createTeams({ name, webhook: order.webhook, guarded: createGuardedPost(order) });
    case "email":
      return createEmail({ name, ...order });
    case "webhook":
      return createNoticeWebhook({ name, ...order, clock, guarded: createGuardedPost(order) });
  }
}
