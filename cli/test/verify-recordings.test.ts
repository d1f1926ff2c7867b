import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type Caller, signInAt } from "@phi/scripts/environment/caller";
import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import type { LeaseReply } from "@phi/shared/contract/lease";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";

let place: Environment;
let alice: Person;
let bob: Person;
let carol: Person;
let sessions: string[];

beforeAll(async () => {
  place = await startEnvironment({
    config: (text) => text.replace("memberOf: [app_readonly]", "memberOf: [app_readonly], recording: terminal"),
  });
  [alice, bob, carol] = ["alice", "bob", "carol"].map(createPerson) as [Person, Person, Person];
  for (const person of [alice, bob, carol]) await person.signIn(place);
  const asked = await alice.phi(["request", "db-prod", "--role", "readonly", "--for", "10m", "-m", "INC-7"]);
  await bob.phi(["approve", asked.stdout.trim(), "--yes", "-m", "go on"]);
  const caller = await signInAt(place.broker.url, place.issuer.url, "alice");
  sessions = [await record(caller, asked.stdout.trim()), await record(caller, asked.stdout.trim())];
});
afterAll(async () => {
  for (const person of [alice, bob, carol]) await person?.leave();
  await place?.stop();
});

/** A recorded session, as the CLI reports one; gives its id. */
async function record(caller: Caller, request: string): Promise<string> {
  const order = { request, use: "command", command: ["psql"], host: "laptop", terminal: true };
  const { lease, session } = (await caller.call<LeaseReply>("POST", "/v1/leases", order)).body;
  for (const n of [0, 1, 2]) {
    const piece = { data: gzipSync(`${session} ${n}`).toString("base64"), last: n === 2 };
    await caller.call("POST", `/v1/sessions/${session}/recording/chunks/${n}`, piece);
  }
  await caller.call("POST", `/v1/leases/${lease}/end`, { exitCode: 0, because: "command_ended" });
  return session;
}

/** What somebody does who can write the ledger's file. */
function tamper(sql: string): void {
  const file = join(dirname(place.configFile), "phi.db");
  const script = "const D = require('libsql'); const d = new D(process.argv[1]); d.exec(process.argv[2]); d.close()";
  execFileSync(process.execPath, ["-e", script, file, sql], {
    cwd: fileURLToPath(new URL("../../broker", import.meta.url)),
  });
}

describe("phi audit verify and recordings", () => {
  test("says which were checked and which were not", async () => {
    const none = await carol.phi(["audit", "verify"]);
    expect([none.code, none.stderr]).toEqual([0, expect.stringContaining("2 recordings were not checked")]);
    const one = await carol.phi(["audit", "verify", "--session", sessions[0] ?? ""]);
    expect(one).toMatchObject({ code: 0, stdout: expect.stringContaining("ok: 1 recordings are those") });
    expect(one.stderr).toContain("1 recordings were not checked");
    const all = await carol.phi(["audit", "verify", "--recordings", "--json"]);
    expect(JSON.parse(all.stdout)).toMatchObject({ whole: true, recordings: { checked: 2, removed: 0, unchecked: 0 } });
    expect((await carol.phi(["audit", "--kind", "session.replayed"])).stdout, "looking is on record").toContain(
      "carol",
    );
  });

  test("is an auditor's work", async () => {
    expect(await alice.phi(["audit", "verify", "--recordings"])).toMatchObject({ code: 5, stdout: "" });
    expect(await carol.phi(["audit", "verify", "--session", "ses_0000000000000000"])).toMatchObject({ code: 1 });
  });

  test("finds recordings that were exchanged, and one that is gone", async () => {
    const [one, other] = sessions;
    tamper("create table spare as select * from recording_chunks");
    tamper(`delete from recording_chunks;
      insert into recording_chunks select iif(session_id = '${one}', '${other}', '${one}'), n, at, hash, data from spare`);
    const exchanged = await carol.phi(["audit", "verify", "--recordings"]);
    expect([exchanged.code, exchanged.stdout]).toEqual([1, ""]);
    expect(exchanged.stderr).toMatch(/The recording of ses_\w+ is not what it was, from piece 0 on/);
    tamper(
      `delete from recording_chunks; insert into recording_chunks select * from spare where session_id = '${one}'`,
    );
    const gone = await carol.phi(["audit", "verify", "--recordings", "--json"]);
    expect(gone.code).toBe(1);
    expect(JSON.parse(gone.stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({
      error: { code: "log_broken", data: { recordings: [{ session: other, piece: 0 }] } },
    });
  });
});
