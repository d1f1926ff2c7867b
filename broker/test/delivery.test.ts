import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeliveriesReply, StatusReply } from "../src/admin/contract.js";
import { type Arena, approvedRequest, auditOf, eventually, openArena, type Voice } from "./arena.testing.js";
import { runOperator } from "./operator.testing.js";

/** The real broker delivers into a real file, and into one that cannot be. */
let arena: Arena;
let alice: Voice;
let bob: Voice;
let carol: Voice;
beforeAll(async () => {
  arena = await openArena({
    config: (text) => `${text}
audit:
  deliver:
    - { name: archive, kind: file, path: ./archive/audit.jsonl }
    - { name: ocsf, kind: file, path: ./archive/ocsf.jsonl, format: ocsf }
    - { name: cloud, kind: file, path: ./archive/cloud.jsonl, format: cloudevents }
    - { name: broken, kind: file, path: ./phi.yaml/audit.jsonl }
`,
  });
  [alice, bob, carol] = await Promise.all([arena.signIn("alice"), arena.signIn("bob"), arena.signIn("carol")]);
});
afterAll(() => arena?.close());

const archive = () => join(arena.folder, "archive/audit.jsonl");
const delivered = (path = archive()): AuditEvent[] =>
  existsSync(path)
    ? readFileSync(path, "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as AuditEvent)
    : [];
const upTo = (seq: number, path?: string) =>
  eventually(`event ${seq} is delivered`, 15_000, async () => delivered(path).at(-1)?.seq === seq);
const newest = async () => (await auditOf(carol)).at(-1)?.seq ?? 0;

describe("delivery of the audit log", () => {
  it("gives the lines that the API gives, from the first event of the broker on", async () => {
    await approvedRequest(alice, bob);
    const log = await auditOf(carol);
    await upTo(log.at(-1)?.seq ?? 0);
    expect(delivered()).toEqual(log);
    expect(log[0]?.kind).toBe("broker.started");
  });

  it("gives what the export writes, in its formats", async () => {
    const last = await newest();
    for (const [name, format] of [
      ["ocsf", "ocsf"],
      ["cloud", "cloudevents"],
    ] as const) {
      const exported = await fetch(`${arena.broker().url}/v1/audit/export?format=${format}`, {
        headers: { authorization: `Bearer ${carol.token}` },
      });
      const wanted = (await exported.text()).trimEnd().split("\n").slice(0, last);
      const path = join(arena.folder, `archive/${name}.jsonl`);
      const lines = () => (existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : []);
      await eventually(`${name} has event ${last}`, 15_000, async () => lines().length >= last);
      expect(
        lines()
          .slice(0, last)
          .map((line) => JSON.parse(line) as unknown),
      ).toEqual(wanted.map((line) => JSON.parse(line) as unknown));
    }
  });

  it("loses nothing and keeps the order over a broker that is killed again and again while it delivers", async () => {
    for (let round = 0; round < 4; round++) {
      const asked = Promise.allSettled(Array.from({ length: 12 }, () => approvedRequest(alice, bob)));
      await new Promise((resolve) => setTimeout(resolve, 40 + round * 60));
      await arena.broker().kill();
      await asked;
      await arena.restart();
    }
    await upTo(await newest());
    const seqs = delivered().map(({ seq }) => seq);
    const firsts = seqs.filter((seq, index) => seqs.indexOf(seq) === index);
    expect(firsts).toEqual(Array.from({ length: firsts.length }, (_, index) => index + 1));
    // What came again came as a whole run from where the ledger stood: at most once for each kill, and never with a gap.
    const steps = seqs.slice(1).map((seq, index) => seq - (seqs[index] ?? 0));
    expect(Math.max(...steps)).toBe(1);
    expect(steps.filter((step) => step < 1).length).toBeLessThanOrEqual(4);
  }, 60_000);

  it("fills a new file after SIGHUP when the old one was moved away", async () => {
    const had = delivered().length;
    renameSync(archive(), `${archive()}.1`);
    process.kill(arena.broker().pid, "SIGHUP");
    await eventually("the policies were read again", 5_000, async () =>
      readFileSync(arena.logFile, "utf8").includes("polic"),
    );
    await approvedRequest(alice, bob);
    const last = await newest();
    await upTo(last);
    const rest = delivered().map(({ seq }) => seq);
    expect(delivered(`${archive()}.1`).length).toBeGreaterThanOrEqual(had);
    expect(rest).toEqual(Array.from({ length: rest.length }, (_, index) => last - rest.length + 1 + index));
  });

  it("a destination that fails delays nothing else, is plain to see, and is tried when the operator says so", async () => {
    const said = await runOperator(arena.configFile, "deliveries", "list", "--json");
    const { deliveries } = JSON.parse(said.stdout) as DeliveriesReply;
    const broken = deliveries.find(({ destination }) => destination === "broken");
    expect(broken).toMatchObject({ kind: "file", position: 0, lastError: expect.stringMatching(/cannot be written/) });
    expect(deliveries.find(({ destination }) => destination === "archive")).toMatchObject({ attempts: 0 });
    const before = broken?.attempts ?? 0;
    expect((await runOperator(arena.configFile, "deliveries", "retry", "broken")).code).toBe(0);
    await eventually("it was tried", 5_000, async () => {
      const again = await runOperator(arena.configFile, "deliveries", "list", "--json");
      const reply = JSON.parse(again.stdout) as DeliveriesReply;
      return (reply.deliveries.find(({ destination }) => destination === "broken")?.attempts ?? 0) > before;
    });
    const typo = await runOperator(arena.configFile, "deliveries", "retry", "brokn");
    expect(typo.stderr).toMatch(/Did you mean broken\?/);
  });

  it("an operator passes by the event it fails at: on record, and kept as a dead letter", async () => {
    const wrong = await runOperator(arena.configFile, "deliveries", "skip", "broken", "7");
    expect(wrong.code, "only the event it fails at, which the operator has seen").toBe(1);
    const said = await runOperator(arena.configFile, "deliveries", "skip", "broken", "1");
    expect(said).toMatchObject({ code: 0, stderr: "" });
    const [event] = await auditOf(carol, "&kind=delivery.skipped");
    expect(event?.data).toMatchObject({ destination: "broken", seq: 1, operator: expect.stringMatching(/uid/) });
    const listed = await runOperator(arena.configFile, "deliveries", "list", "--destination", "broken");
    expect(listed.stdout).toMatch(/broken +1 /);
  });

  it("makes the status say so when a destination is behind for more than a minute", async () => {
    const status = await eventually("it is behind", 90_000, async () => {
      const reply = JSON.parse((await runOperator(arena.configFile, "status", "--json")).stdout) as StatusReply;
      return reply.deliveries.some(({ behind }) => behind) ? reply : undefined;
    });
    expect(status.deliveries.filter(({ behind }) => behind).map(({ destination }) => destination)).toEqual(["broken"]);
    const said = await runOperator(arena.configFile, "status");
    expect(said.code).toBe(1);
    expect(said.stdout).toMatch(/broken +file +\d+ +\d+ +BEHIND since/);
  }, 120_000);
});
