import { type AddressInfo, createServer, type Socket } from "node:net";

/** A message as a mail server had it. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body as sent, dots unstuffed. */
  readonly data: string;
}

/** A real SMTP server (RFC 5321), as far as sending to it needs; on a port of its own. */
export async function startMailServer() {
  const mails: ReceivedMail[] = [];
  const sockets = new Set<Socket>();
  let refusal: string | undefined;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    let from = "";
    let to: string[] = [];
    let data: string[] | undefined;
    let rest = "";
    const say = (line: string) => socket.write(`${line}\r\n`);
    say("220 mail.test ESMTP");
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      rest += chunk;
      for (;;) {
        const end = rest.indexOf("\r\n");
        if (end < 0) return;
        take(rest.slice(0, end));
        rest = rest.slice(end + 2);
      }
    });

    function take(line: string): void {
      if (data !== undefined) {
        if (line !== ".") return void data.push(line.replace(/^\./, ""));
        mails.push({ from, to, data: data.join("\r\n") });
        data = undefined;
        to = [];
        return void say("250 2.0.0 taken");
      }
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === "EHLO") return void say("250-mail.test\r\n250 8BITMIME");
      if (verb === "MAIL") {
        from = /<([^>]*)>/.exec(line)?.[1] ?? "";
        return void say("250 2.1.0 ok");
      }
      if (verb === "RCPT") {
        if (refusal !== undefined) return void say(refusal);
        to.push(/<([^>]*)>/.exec(line)?.[1] ?? "");
        return void say("250 2.1.5 ok");
      }
      if (verb === "DATA") {
        data = [];
        return void say("354 go on");
      }
      if (verb === "QUIT") return void socket.end("221 2.0.0 bye\r\n");
      say("250 2.0.0 ok");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    /** What every recipient is answered with; `undefined`: taken. */
    set refusal(line: string | undefined) {
      refusal = line;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The parts of a mail as a person's program shows them: headers unfolded, quoted-printable and base64 opened. */
export function readMail({ data }: ReceivedMail): { headers: string; text: string } {
  const headers = data.slice(0, data.indexOf("\r\n\r\n")).replaceAll(/\r\n[ \t]+/g, " ");
  const parts = data.split(/\r\n--[^\r\n]+/).filter((part) => /^\r\nContent-Type: text\//i.test(part));
  const text = parts.map((part) => {
    const body = part.slice(part.indexOf("\r\n\r\n") + 4);
    if (/encoding: base64/i.test(part)) return Buffer.from(body, "base64").toString("utf8");
    const bytes = body
      .replaceAll(/=\r\n/g, "")
      .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    return /quoted-printable/i.test(part) ? Buffer.from(bytes, "latin1").toString("utf8") : body;
  });
  return { headers, text: text.join("\n") };
}
