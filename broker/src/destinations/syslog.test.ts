import { execFileSync, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { expect, test } from "vitest";
import { jsonLines } from "./lines.js";
import { createSyslog } from "./syslog.js";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl)
  process.stderr.write("syslog.test.ts is partly skipped: openssl, which makes the certificate, is not there\n");

const never = new AbortController().signal;
const event: AuditEvent = {
  seq: 2_147_483_648,
  event: "evt_0000000000000000",
  at: "2026-11-22T17:05:09.120Z",
  kind: "lease.overdue",
  data: {},
};
const common = { name: "logs", facility: "audit", from: "broker größe 1", linesOf: jsonLines } as const;
/** 13 * 8 + 3, an error; what is no ASCII or a space is left out of the host's name. */
const HEAD = `<107>1 2026-11-22T17:05:09.120Z brokergre1 phi-broker - lease.overdue [meta sequenceId="1"] {`;

test.skipIf(!hasOpenssl)("over TLS it talks to nobody whose certificate does not hold", async () => {
  const folder = mkdtempSync(join(tmpdir(), "phi-syslog-"));
  const [key, ca] = [join(folder, "key.pem"), join(folder, "ca.pem")];
  // biome-ignore format: one command
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", ca], { stdio: "ignore" });
  let text = "";
  const server = createServer({ key: readFileSync(key), cert: readFileSync(ca) }, (socket) => {
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  });
  server.on("tlsClientError", () => undefined);
  try {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const to = { ...common, transport: "tls", host: "localhost", port } as const;
    expect(await createSyslog(to).deliver([event], never)).toMatchObject({
      accepted: 0,
      failure: { class: "unavailable", message: expect.stringMatching(/SELF_SIGNED/) },
    });
    expect(text).toBe("");
    const otherName = createSyslog({ ...to, host: "127.0.0.1", ca });
    expect(await otherName.deliver([event], never)).toMatchObject({ accepted: 0 });
    expect(await createSyslog({ ...to, ca }).deliver([event, event], never)).toEqual({ accepted: 2 });
    const length = Number(/^(\d+) /.exec(text)?.[1]);
    expect(text.slice(String(length).length + 1)).toMatch(new RegExp(`^${HEAD.replaceAll(/[[\]{]/g, "\\$&")}`));
    expect(text).toHaveLength(2 * (length + String(length).length + 1));
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("over UDP each event is one datagram", async () => {
  const receiver = createSocket("udp4");
  try {
    await new Promise<void>((resolve) => receiver.bind(0, "127.0.0.1", resolve));
    const received = new Promise<Buffer>((resolve) => receiver.once("message", resolve));
    const logs = createSyslog({ ...common, transport: "udp", host: "127.0.0.1", port: receiver.address().port });
    expect(await logs.deliver([event], never)).toEqual({ accepted: 1 });
    expect((await received).toString()).toBe(`${HEAD}${JSON.stringify(event).slice(1)}`);
    const large = { ...event, data: { reason: "x".repeat(70_000) } };
    expect(await logs.deliver([large], never)).toMatchObject({ accepted: 0, failure: { class: "refused" } });
  } finally {
    receiver.close();
  }
});
