import { gzipSync } from "node:zlib";
import { createClient } from "@libsql/client";
import { sha256 } from "@phi/shared/audit/recording-chain";
import type { LeaseReply } from "@phi/shared/contract/lease";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approvedRequest } from "./arena.testing.js";
import { runOperator } from "./operator.testing.js";
import { noServer, openSeveralBrokers, type SeveralBrokers } from "./several-brokers.testing.js";

describe.skipIf(noServer !== undefined)("phi-broker audit verify, the ledger on a libSQL server", () => {
  let house: SeveralBrokers;
  let session: string;

  beforeAll(async () => {
    const recorded = (text: string) =>
      text.replace("memberOf: [app_readonly]", "memberOf: [app_readonly], recording: terminal");
    house = await openSeveralBrokers(1, [], recorded);
    const [alice, bob] = await Promise.all(["alice", "bob"].map((name) => house.signIn(name)));
    const voice = house.voice(alice ?? "", 0);
    const { request } = await approvedRequest(voice, house.voice(bob ?? "", 0));
    const order = { request, use: "command", command: ["psql"], host: "laptop", terminal: true };
    const lease = await voice.call<LeaseReply>("POST", "/v1/leases", order);
    session = lease.body.session;
    for (const n of [0, 1, 2]) {
      const piece = { data: gzipSync(`${n}`).toString("base64"), last: n === 2 };
      expect((await voice.call("POST", `/v1/sessions/${session}/recording/chunks/${n}`, piece)).status).toBe(200);
    }
    await voice.call("POST", `/v1/leases/${lease.body.lease}/end`, { exitCode: 0, because: "command_ended" });
  });
  afterAll(() => house?.close());

  const verify = () => runOperator(house.broker(0).configFile, "audit", "verify");
  async function tamper(sql: string, args: (string | Uint8Array)[] = []): Promise<void> {
    const client = createClient({ url: house.sqld.url });
    await client.execute({ sql, args });
    client.close();
  }

  it("checks every event and every recording while the broker works", async () => {
    const said = await verify();
    expect([said.code, said.stdout]).toEqual([0, expect.stringMatching(/^ok: \d+ events.*\nok: 1 recordings/)]);
  });

  it("names the recording that was changed, and the event", async () => {
    const forged = gzipSync("forged");
    await tamper("update recording_chunks set data = ?, hash = ? where n = 1", [forged, sha256(forged)]);
    const recording = await verify();
    expect(recording.code).toBe(1);
    expect(recording.stdout).toContain(`The recording of ${session} is not what it was, from piece 0 on`);
    await tamper("update audit_events set actor_name = 'mallory' where seq = 3");
    expect(await verify()).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("Event 3 is not what was recorded"),
    });
  });
});
