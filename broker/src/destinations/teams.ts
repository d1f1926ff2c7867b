import type { Secret } from "@phi/shared/secret";
import type { Notice } from "../domain/notice.js";
import type { Channel } from "../ports/channel.js";
import { judgeAnswer } from "./answer.js";
import type { GuardedPost } from "./guarded-post.js";
import { brokerLine, factLines } from "./notice-text.js";

/** Microsoft Teams through the webhook of a workflow ("Post to a channel when a webhook request is received"). */
export function createTeams(order: {
  readonly name: string;
  readonly webhook: Secret;
  readonly guarded: GuardedPost;
}): Channel {
  const { name, webhook, guarded } = order;
  return {
    name,
    kind: "teams",
    isPersonal: false,
    async send({ notice }, signal) {
      const headers = { "content-type": "application/json" };
      const call = { url: webhook.reveal(), headers, body: JSON.stringify(teamsMessage(notice)) };
      return judgeAnswer(await guarded.post(call, signal), 0)?.failure;
    },
    async close() {
      guarded.close();
    },
  };
}

/** An adaptive card of text runs: unlike text blocks they have no Markdown, so what people typed makes no link and no mention. */
export function teamsMessage(notice: Notice): object {
  const run = (text: string, style: object = {}) => ({ type: "TextRun", text, ...style });
  const line = (...inlines: readonly object[]) => ({ type: "RichTextBlock", inlines });
  return {
    type: "message",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        content: {
          $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
          type: "AdaptiveCard",
          version: "1.4",
          body: [
            line(run(notice.title, { weight: "bolder" })),
            ...factLines(notice).map((fact) => line(run(fact))),
            ...notice.commands.map((command) => line(run(command, { fontType: "monospace" }))),
            ...brokerLine(notice).map((address) => line(run(address, { isSubtle: true }))),
          ],
        },
      },
    ],
  };
}
