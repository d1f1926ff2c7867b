import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeliveriesReply } from "../src/admin/contract.js";
import { type Arena, approvedRequest, auditOf, eventually, openArena, type Voice } from "./arena.testing.js";
import { runOperator } from "./operator.testing.js";
import { isSigned, startHttpReceiver, startSyslogReceiver } from "./receivers.testing.js";

const SECRETS = [1, 2].map((byte) => `whsec_${Buffer.alloc(32, byte).toString("base64")}`) as [string, string];

let hook: Awaited<ReturnType<typeof startHttpReceiver>>;
let logs: Awaited<ReturnType<typeof startSyslogReceiver>>;
let arena: Arena;
let alice: Voice;
let bob: Voice;
let carol: Voice;
beforeAll(async () => {
  [hook, logs] = await Promise.all([startHttpReceiver(), startSyslogReceiver()]);
  arena = await openArena({
    config: (text) => `${text}
audit:
  deliver:
    - name: siem
      kind: webhook
      url: http://127.0.0.1:${hook.port}/phi
      secrets: ["\${file:./old}", "\${file:./new}"]
    - { name: logs, kind: syslog, address: "tcp://127.0.0.1:${logs.port}", facility: local3 }
`,
    before(folder) {
      writeFileSync(join(folder, "old"), `${SECRETS[0]}\n`, { mode: 0o600 });
      writeFileSync(join(folder, "new"), `${SECRETS[1]}\n`, { mode: 0o600 });
    },
  });
  [alice, bob, carol] = await Promise.all([arena.signIn("alice"), arena.signIn("bob"), arena.signIn("carol")]);
});
afterAll(async () => {
  await arena?.close();
  await Promise.all([hook?.stop(), logs?.stop()]);
});

const hooked = () => hook.taken.map(({ body }) => (JSON.parse(body) as { data: AuditEvent }).data);
const logged = () => logs.messages.map((message) => JSON.parse(message.slice(message.indexOf("{"))) as AuditEvent);
const newest = async () => (await auditOf(carol)).at(-1)?.seq ?? 0;
const standing = async (name: string) => {
  const said = await runOperator(arena.configFile, "deliveries", "list", "--json");
  const { deliveries, deadLetters } = JSON.parse(said.stdout) as DeliveriesReply;
  return { ...deliveries.find(({ destination }) => destination === name), letters: deadLetters };
};
/** Everything up to the newest event has arrived: no gap, and nothing before its predecessor. */
async function isComplete(what: string, events: () => AuditEvent[]): Promise<void> {
  const last = await newest();
  await eventually(`${what} has event ${last}`, 30_000, async () => events().some(({ seq }) => seq === last));
  const seqs = events().map(({ seq }) => seq);
  const firsts = seqs.filter((seq, index) => seqs.indexOf(seq) === index);
  expect(firsts, what).toEqual(Array.from({ length: firsts.length }, (_, index) => index + 1));
}

describe("a webhook", () => {
  it("gets each event in order, signed with both secrets, under the event's id", async () => {
    await approvedRequest(alice, bob, { reason: "größer 🙂 INC-42" });
    await isComplete("the webhook", hooked);
    expect(hooked()).toEqual(await auditOf(carol));
    for (const call of hook.taken) {
      expect([isSigned(call, SECRETS[0]), isSigned(call, SECRETS[1])]).toEqual([true, true]);
      expect(isSigned({ ...call, body: call.body.replace('"seq":1', '"seq":2') }, SECRETS[0])).toBe(
        !call.body.includes('"seq":1'),
      );
      const body = JSON.parse(call.body) as { type: string; timestamp: string; data: AuditEvent };
      expect(call.headers["webhook-id"]).toBe(body.data.event);
      expect([body.type, body.timestamp]).toEqual([body.data.kind, body.data.at]);
    }
  });

  it("that is away loses nothing, over a broker killed while it waits", async () => {
    await hook.stop();
    await approvedRequest(alice, bob);
    await eventually("it fails", 10_000, async () => (await standing("siem")).lastError?.includes("ECONNREFUSED"));
    await arena.broker().kill();
    await arena.restart();
    await approvedRequest(alice, bob);
    await hook.start();
    await isComplete("the webhook", hooked);
  }, 60_000);

  it("that answers 503 for a while, and loses answers, still has all of them in order", async () => {
    let count = 0;
    hook.answerWith(() => (++count % 3 === 0 ? 204 : 503));
    await approvedRequest(alice, bob);
    await eventually("some were refused", 10_000, async () => count > 3);
    hook.answerWith(() => 204);
    await isComplete("the webhook", hooked);
    expect((await standing("siem")).letters).toEqual([]);
  }, 60_000);

  it("that will not take one event gets the others, and the one when the operator says so", async () => {
    hook.answerWith(({ body }) => (body.includes("INC-POISON") ? 422 : 204));
    const poisoned = await alice.call("POST", "/v1/requests", {
      resource: "db-prod",
      role: "readonly",
      duration: 600,
      reason: "INC-POISON",
    });
    expect(poisoned.status).toBe(201);
    const letters = await eventually("it is put aside", 60_000, async () => {
      const { letters } = await standing("siem");
      return letters.length > 0 ? letters : undefined;
    });
    expect(letters).toMatchObject([{ destination: "siem", attempts: 5, error: "it answered 422" }]);
    await approvedRequest(alice, bob);
    const last = await newest();
    await eventually("those behind it come", 10_000, async () => hooked().some(({ seq }) => seq === last));
    expect(hooked().some(({ seq }) => seq === letters[0]?.seq)).toBe(false);
    expect(await auditOf(carol, "&kind=delivery.put_aside")).toMatchObject([{ data: { destination: "siem" } }]);

    hook.answerWith(() => 204);
    await runOperator(arena.configFile, "deliveries", "retry", "siem", "--event", String(letters[0]?.seq));
    await eventually("it came", 10_000, async () => hooked().some(({ seq }) => seq === letters[0]?.seq));
    await eventually("and is forgotten", 10_000, async () => (await standing("siem")).letters.length === 0);
  }, 120_000);
});

describe("syslog over TCP", () => {
  it("is RFC 5424, counted in octets, with the facility, the severity of the outcome and the number", async () => {
    await alice.call("POST", "/v1/requests", { resource: "db-prod", role: "readwrite", duration: 86_400, reason: "x" });
    await isComplete("the log server", logged);
    const log = await auditOf(carol);
    expect(logged().filter(({ seq }, index, all) => all.findIndex((one) => one.seq === seq) === index)).toEqual(log);
    for (const message of logs.messages) {
      expect(message).toMatch(
        /^<15[5679]>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [\x21-\x7e]{1,255} phi-broker - [a-z_.]{1,32} \[meta sequenceId="\d+"\] \{[\x20-\x7e]+\}$/,
      );
    }
    const refused = logs.messages.find((message) => message.includes(" request.refused "));
    expect(refused?.slice(0, 5), "19 * 8 + 4, a warning").toBe("<156>");
  });

  it("that resets its connections loses nothing", async () => {
    logs.broken = true;
    await approvedRequest(alice, bob);
    await eventually("it fails", 10_000, async () => (await standing("logs")).lastError?.includes("does not take it"));
    await arena.broker().kill();
    await arena.restart();
    await approvedRequest(alice, bob);
    logs.broken = false;
    await isComplete("the log server", logged);
  }, 60_000);
});

it("no secret of a webhook, and without a mail channel no e-mail address, is in the ledger, the log or the broker's answers", async () => {
  const said = await runOperator(arena.configFile, "deliveries", "list", "--json");
  const everything = [
    said.stdout,
    readFileSync(arena.logFile, "utf8"),
    readFileSync(arena.databaseFile, "latin1"),
    readFileSync(`${arena.databaseFile}-wal`, "latin1"),
  ].join("");
  for (const secret of SECRETS) expect(everything.includes(secret.slice(6))).toBe(false);
  expect(everything.includes("alice")).toBe(true);
  expect(everything).not.toMatch(/alice@example\.com/);
});
