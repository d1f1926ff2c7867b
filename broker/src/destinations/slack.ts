import type { Secret } from "@phi/shared/secret";
import type { Notice } from "../domain/notice.js";
import type { Channel } from "../ports/channel.js";
import type { HandoverFailure } from "../ports/destination.js";
import { judgeAnswer } from "./answer.js";
import { refused, unavailable } from "./failure.js";
import type { GuardedPost } from "./guarded-post.js";
import { brokerLine, factLines } from "./notice-text.js";

const POST_MESSAGE = "https://slack.com/api/chat.postMessage";

/** Either an incoming webhook, which knows its channel, or a bot's token with the channel to post to. */
export type SlackAccess =
  | { readonly webhook: Secret }
  | { readonly token: Secret; readonly channel: string; readonly api?: string | undefined };

/** What chat.postMessage says when the same message will not do later either; everything else may be mended. */
const REFUSALS = ["msg_too_long", "no_text", "invalid_blocks", "invalid_blocks_format"];

export function createSlack(order: {
  readonly name: string;
  readonly access: SlackAccess;
  readonly guarded: GuardedPost;
}): Channel {
  const { name, access, guarded } = order;
  return {
    name,
    kind: "slack",
    isPersonal: false,
    async send({ notice }, signal) {
      const message = slackMessage(notice);
      if ("webhook" in access) {
        const headers = { "content-type": "application/json" };
        const call = { url: access.webhook.reveal(), headers, body: JSON.stringify(message) };
        return judgeAnswer(await guarded.post(call, signal), 0)?.failure;
      }
      const headers = {
        "content-type": "application/json; charset=utf-8",
        authorization: `Bearer ${access.token.reveal()}`,
      };
      const body = JSON.stringify({ channel: access.channel, ...message });
      const answer = await guarded.post({ url: access.api ?? POST_MESSAGE, headers, body }, signal);
      return judgeAnswer(answer, 0)?.failure ?? (answer.outcome === "answered" ? judgeBody(answer.text) : undefined);
    },
    async close() {
      guarded.close();
    },
  };
}

/**
 * `plain_text` shows what is in it and makes nothing of it. The text beside the blocks, for previews, has `&`, `<` and `>` escaped as Slack asks
 * ("Escaping text"), so no mention or link can be made; names of channels and people are not looked for.
 */
export function slackMessage(notice: Notice): object {
  const plain = (text: string) => ({ type: "plain_text", text, emoji: false });
  const own = [...notice.commands, ...brokerLine(notice)].map(escaped).join("\n");
  return {
    text: escaped(notice.title),
    mrkdwn: false,
    parse: "none",
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: "section", text: plain(notice.title) },
      ...(notice.facts.length === 0
        ? []
        : [{ type: "section", text: plain(factLines(notice).join("\n").slice(0, 3_000)) }]),
      // Ids and phi's own words only.
      { type: "section", text: { type: "mrkdwn", text: `\`\`\`${own}\`\`\``, verbatim: true } },
    ],
  };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** chat.postMessage answers 200 also when it did nothing: `{"ok":false,"error":"channel_not_found"}`. */
function judgeBody(text: string): HandoverFailure | undefined {
  let body: { readonly ok?: unknown; readonly error?: unknown };
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    return unavailable(0, "Slack's answer is not JSON").failure;
  }
  if (body.ok === true) return undefined;
  const said = String(body.error)
    .replaceAll(/[^a-z_]/g, "")
    .slice(0, 50);
  return (REFUSALS.includes(said) ? refused(0, `Slack says ${said}`) : unavailable(0, `Slack says ${said}`)).failure;
}
