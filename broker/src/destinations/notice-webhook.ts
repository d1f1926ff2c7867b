import { newId } from "@phi/shared/ids";
import type { Secret } from "@phi/shared/secret";
import { toRfc3339 } from "@phi/shared/time";
import type { Channel } from "../ports/channel.js";
import type { Clock } from "../ports/clock.js";
import { judgeAnswer } from "./answer.js";
import type { GuardedPost } from "./guarded-post.js";
import { webhookHeaders } from "./standard-webhook.js";

/** Notices for programs: a signed call (Standard Webhooks 1.0) of type `notice.OCCASION` with the words and the event. */
export function createNoticeWebhook(order: {
  readonly name: string;
  readonly url: string;
  readonly secrets: readonly Secret[];
  readonly guarded: GuardedPost;
  readonly clock: Clock;
}): Channel {
  const { name, url, secrets, guarded, clock } = order;
  return {
    name,
    kind: "webhook",
    isPersonal: false,
    async send({ notice, event }, signal) {
      const { occasion, title, commands, broker } = notice;
      const facts = notice.facts.map(([what, value]) => ({ what, value }));
      const body = JSON.stringify({
        type: `notice.${occasion}`,
        timestamp: event?.at ?? toRfc3339(clock.now()),
        data: { title, facts, commands, broker, event },
      });
      const headers = webhookHeaders(event?.event ?? newId("event"), body, clock.now(), secrets);
      return judgeAnswer(await guarded.post({ url, headers, body }, signal), 0)?.failure;
    },
    async close() {
      guarded.close();
    },
  };
}
