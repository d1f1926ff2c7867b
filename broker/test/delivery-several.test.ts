import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approvedRequest, eventually } from "./arena.testing.js";
import { startHttpReceiver } from "./receivers.testing.js";
import { noServer, openSeveralBrokers, type SeveralBrokers, wholeAudit } from "./several-brokers.testing.js";

const SECRET = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;

describe.skipIf(noServer !== undefined)("three brokers on one ledger, one webhook", () => {
  let hook: Awaited<ReturnType<typeof startHttpReceiver>>;
  let all: SeveralBrokers;
  beforeAll(async () => {
    hook = await startHttpReceiver();
    const deliver = `{ name: siem, kind: webhook, url: "http://127.0.0.1:${hook.port}/", secrets: ["${SECRET}"] }`;
    all = await openSeveralBrokers(3, [], (config) =>
      config.replace("audit: { keyFile: ../phi.log-key }", `audit: { keyFile: ../phi.log-key, deliver: [${deliver}] }`),
    );
  }, 90_000);
  afterAll(async () => {
    await all?.close();
    await hook?.stop();
  });

  it("one delivers at a time: what any of them records comes once and in order; another takes over from one that was killed", async () => {
    const [alice, bob, carol] = await Promise.all(["alice", "bob", "carol"].map((login) => all.signIn(login)));
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error("not signed in");
    const work = (broker: number) => approvedRequest(all.voice(alice, broker), all.voice(bob, broker));
    const seqs = () => hook.taken.map(({ body }) => (JSON.parse(body) as { data: AuditEvent }).data.seq);
    const isComplete = (within: number) =>
      eventually("the webhook has everything", within, async () => {
        const last = (await wholeAudit(all.voice(carol, 2))).at(-1)?.seq ?? 0;
        return seqs().includes(last);
      });

    await Promise.all([0, 1, 2, 0, 1, 2].map(work));
    await isComplete(30_000);
    const first = seqs()[0] ?? 0;
    const inOrder = (count: number) => Array.from({ length: count }, (_, index) => first + index);
    expect(seqs(), "each once").toEqual(inOrder(seqs().length));

    await Promise.all([all.broker(0).kill(), all.broker(1).kill()]);
    await work(2);
    // If one of the dead had the claim, it ends within a minute; the other looks again half a minute later at the latest.
    await isComplete(110_000);
    const firsts = seqs().filter((seq, index, list) => list.indexOf(seq) === index);
    expect(firsts).toEqual(inOrder(firsts.length));
  }, 180_000);
});
