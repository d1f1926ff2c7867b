import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadConfig } from "./load.js";

const folder = mkdtempSync(join(tmpdir(), "phi-delivery-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const SECRET = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;

function load(more: string) {
  const file = join(folder, "phi.yaml");
  writeFileSync(
    file,
    `database: file:./phi.db\nissuer: { url: https://login.example.com, clientId: phi-cli }\n${more}`,
  );
  return loadConfig(file, { kinds: {}, env: { SECRET, SHORT: "whsec_c2hvcnQ=", HOOK: "https://hooks.example.com/x" } });
}
async function problemsOf(more: string): Promise<string[]> {
  const error: unknown = await load(more).catch((thrown: unknown) => thrown);
  return (error as Error).message
    .split("\n")
    .slice(1)
    .map((line) => line.slice(file().length + 1));
}
const file = () => join(folder, "phi.yaml");

test("destinations and channels come back with their files placed, their secrets secret, and defaults", async () => {
  const config = await load(`audit:
  deliver:
    - { name: archive, kind: file, path: ./audit.jsonl }
    - { name: logs, kind: syslog, address: "tls://[::1]:6514", ca: ca.pem }
    - { name: siem, kind: webhook, url: http://127.0.0.1:1/x, secrets: ["\${env:SECRET}"] }
notify:
  channels:
    leads: { kind: slack, webhook: "\${env:HOOK}" }
  rules:
    - { on: [asked], through: [leads] }
  remindAfter: 15m
`);
  expect(config.audit.deliver).toMatchObject([
    { name: "archive", path: join(folder, "audit.jsonl") },
    { address: { transport: "tls", host: "::1", port: 6514 }, facility: "audit", ca: join(folder, "ca.pem") },
    { allowPrivate: false },
  ]);
  expect(config.notify).toMatchObject({ rules: [{ tell: ["approvers"] }], remindAfter: 900 });
  expect(JSON.stringify(config)).not.toContain("hooks.example.com");
  expect(JSON.stringify(config)).not.toContain(SECRET);
});

test("slips are told in words, with their place and never with a secret", async () => {
  expect(
    await problemsOf(`audit:
  deliver:
    - { name: one, kind: fil, path: x }
    - { name: siem, kind: webhook, url: http://siem.example.com/, secrets: ["\${env:SECRET}"] }
    - { name: siem2, kind: webhook, url: https://siem.example.com/, secrets: ["\${env:SHORT}"] }
    - { name: logs, kind: syslog, address: "logs:514", facilty: audit }
notify:
  channels:
    mail: { kind: email, server: "\${env:HOOK}", from: "phi <a@b.example>, eve <e@b.example>" }
  rules:
    - { on: [askd], through: [mail], tell: [everybody] }
`),
  ).toMatchInlineSnapshot(`
    [
      "5:26 audit.deliver[0].kind: must say its kind: stdout, file, syslog or webhook",
      "6:41 audit.deliver[1].url: must use https; http is for loopback addresses, and for private networks with allowPrivate: true",
      "7:79 audit.deliver[2].secrets[0]: must be whsec_ and the base64 of 24 to 64 random bytes",
      "8:44 audit.deliver[3].address: must be tcp://HOST:PORT, tls://HOST:PORT or udp://HOST:PORT",
      "8:56 audit.deliver[3].facilty: is not a field phi knows; allowed are name, format, kind, path, address, facility, ca, url, secrets, allowPrivate; did you mean facility?",
      "11:34 notify.channels.mail.server: must be smtps://USER:PASSWORD@HOST:PORT or smtp://…",
      "11:55 notify.channels.mail.from: must be an e-mail address, or NAME <ADDRESS>",
      "13:14 notify.rules[0].on[0]: must be one of asked, reminder, escalated, decided, expiring, ended, overdue, emergency, delegated, locked; did you mean asked?",
      "13:45 notify.rules[0].tell[0]: must be requester, approvers, admins, escalation, group:NAME or principal:SUBJECT",
    ]
  `);
  expect(
    await problemsOf(`audit:
  deliver:
    - { name: one, kind: stdout }
    - { name: one, kind: file, path: x }
notify:
  rules:
    - { on: [asked], through: [leads] }
`),
  ).toMatchInlineSnapshot(`
    [
      "6:15 audit.deliver[1].name: is the name of audit.deliver[0] too",
      "9:32 notify.rules[0].through[0]: is not a channel of this file",
    ]
  `);
});
