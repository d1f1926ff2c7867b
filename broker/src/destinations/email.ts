import type { Secret } from "@phi/shared/secret";
import { printable } from "@phi/shared/text";
import type { Transporter } from "nodemailer";
import type { Notice } from "../domain/notice.js";
import type { Channel } from "../ports/channel.js";
import type { HandoverFailure } from "../ports/destination.js";
import { codeOf, refused, unavailable } from "./failure.js";
import { plainNotice } from "./notice-text.js";

/** Each step of the conversation with the mail server, in ms. */
const STEP_WITHIN = 8_000;

/**
 * E-mail over SMTP. `server`: `smtps://USER:PASSWORD@HOST:465`, or `smtp://…:587`, which must offer STARTTLS unless it is on loopback. One message
 * for all: their addresses are in the envelope only, so nobody learns who else was told.
 */
export function createEmail(order: { readonly name: string; readonly server: Secret; readonly from: string }): Channel {
  const { name, server, from } = order;
  let transport: Promise<Transporter> | undefined;

  return {
    name,
    kind: "email",
    isPersonal: true,
    async send({ notice, event, addresses }, signal) {
      transport ??= connectTo(server);
      try {
        const mailer = await transport;
        const sent = mailer.sendMail({
          from,
          to: "people told by phi:;",
          envelope: { from: addressIn(from), to: [...addresses] },
          subject: printable(notice.title, 200),
          text: plainNotice(notice),
          html: htmlNotice(notice),
          // RFC 3834: no out-of-office answers. The same id in each try lets servers drop what comes again.
          headers: { "Auto-Submitted": "auto-generated" },
          ...(event === undefined ? {} : { messageId: `<${event.event}.${name}@phi>` }),
          disableFileAccess: true,
          disableUrlAccess: true,
        });
        await Promise.race([sent, whenAborted(signal)]);
        return undefined;
      } catch (error) {
        return judge(error);
      }
    },
    async close() {
      (await transport?.catch(() => undefined))?.close();
    },
  };
}

/** nodemailer is large and few events are told: it is read with the first one. */
async function connectTo(server: Secret): Promise<Transporter> {
  const { createTransport } = await import("nodemailer");
  const url = new URL(server.reveal());
  const secure = url.protocol === "smtps:";
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  const [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  return createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && !isHere,
    ...(user === "" ? {} : { auth: { user, pass } }),
    connectionTimeout: STEP_WITHIN,
    greetingTimeout: STEP_WITHIN,
    socketTimeout: STEP_WITHIN,
    logger: false,
  });
}

/** RFC 5321 §4.2.1: 5yz is a refusal for good, but of whom? Of the log-in it speaks of us, of recipients or content of this message. */
function judge(error: unknown): HandoverFailure | undefined {
  const { responseCode, command } = error as { responseCode?: unknown; command?: unknown };
  const code = typeof responseCode === "number" ? responseCode : undefined;
  const isOfMessage = command === "RCPT TO" || command === "DATA" || command === "MAIL FROM";
  if (code !== undefined && code >= 500 && isOfMessage) return refused(0, `the mail server answered ${code}`).failure;
  const message =
    code === undefined ? `the mail server was not reached (${codeOf(error)})` : `the mail server answered ${code}`;
  return unavailable(0, message).failure;
}

function htmlNotice({ title, facts, commands, broker }: Notice): string {
  const rows = facts.map(([what, value]) => `<tr><td>${html(what)}&nbsp;</td><td>${html(value)}</td></tr>`);
  return [
    `<p><b>${html(title)}</b></p>`,
    `<table>${rows.join("")}</table>`,
    `<pre>${commands.map(html).join("\n")}</pre>`,
    ...(broker === undefined ? [] : [`<p>phi broker: ${html(broker)}</p>`]),
  ].join("\n");
}

function html(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** The address in `NAME <ADDRESS>`, or the whole text. */
function addressIn(from: string): string {
  return /<([^<>]+)>$/.exec(from)?.[1] ?? from;
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const late = () => reject(Object.assign(new Error("too slow"), { code: "no answer in time" }));
    if (signal.aborted) late();
    signal.addEventListener("abort", late, { once: true });
  });
}
