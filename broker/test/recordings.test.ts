import { randomBytes } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { sha256 } from "@phi/shared/audit/recording-chain";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { LeaseReply } from "@phi/shared/contract/lease";
import type { RequestView } from "@phi/shared/contract/request";
import type { RecordingPage, SessionList } from "@phi/shared/contract/session";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openConnection } from "../src/store/connection.js";
import { sql } from "../src/store/sql.js";
import { type Arena, approvedRequest, auditOf, eventually, openArena, type Voice } from "./arena.testing.js";
import { runOperator } from "./operator.testing.js";

let arena: Arena;
let alice: Voice;
let bob: Voice;
let carol: Voice;
let dave: Voice;
let erin: Voice;
let request: RequestView;
let required: RequestView;
beforeAll(async () => {
  arena = await openArena({
    extraPeople: [{ login: "erin", name: "Erin", email: "erin@example.com", groups: ["engineering"] }],
    config: (text) =>
      text
        .replace("memberOf: [app_readonly]", "memberOf: [app_readonly], recording: terminal")
        .replace("memberOf: [app_readwrite]", "memberOf: [app_readwrite], recording: required, recordInput: true")
        .replace("\nresources:", "\nrecordings: { mostMegabytes: 1 }\nresources:"),
  });
  [alice, bob, carol, dave, erin] = (await Promise.all(
    ["alice", "bob", "carol", "dave", "erin"].map((name) => arena.signIn(name)),
  )) as [Voice, Voice, Voice, Voice, Voice];
  request = await approvedRequest(alice, bob);
  required = await approvedRequest(alice, bob, { role: "readwrite" });
});
afterAll(() => arena?.close());

const order = (over: Record<string, unknown> = {}) => ({
  request: request.request,
  use: "command",
  command: ["psql"],
  host: "laptop",
  terminal: true,
  ...over,
});

async function lease(over: Record<string, unknown> = {}): Promise<LeaseReply> {
  const reply = await alice.call<LeaseReply>("POST", "/v1/leases", order(over));
  expect(reply.status).toBe(201);
  return reply.body;
}

const piece = (text: string) => gzipSync(text).toString("base64");
const send = (who: Voice, session: string, n: number | string, body: Record<string, unknown>) =>
  who.call<{ state: string; code?: string }>("POST", `/v1/sessions/${session}/recording/chunks/${n}`, body);
const end = (of: LeaseReply) =>
  alice.call("POST", `/v1/leases/${of.lease}/end`, { exitCode: 0, because: "command_ended" });

async function sessionEvents(session: string, kind: AuditEvent["kind"]): Promise<AuditEvent[]> {
  return (await auditOf(carol, `&kind=${kind}`)).filter((event) => event.session === session);
}

describe("a session's recording", () => {
  it("is asked of the CLI when the role wants it and there is a terminal, with whether input is wanted", async () => {
    expect((await lease()).recording).toEqual({ mode: "terminal", input: false });
    expect(await lease({ terminal: false })).not.toHaveProperty("recording");
    expect(await lease({ use: "window" })).not.toHaveProperty("recording");
    expect((await lease({ request: required.request })).recording).toEqual({ mode: "required", input: true });
  });

  it("that is required and cannot be is refused before anything is made, and that is on record", async () => {
    for (const over of [{ terminal: false }, { use: "window" }]) {
      const before = (await auditOf(carol, "&kind=lease.planned")).length;
      const reply = await alice.call("POST", "/v1/leases", order({ request: required.request, ...over }));
      expect([reply.status, reply.body.code]).toEqual([409, "recording_required"]);
      expect(await auditOf(carol, "&kind=lease.planned")).toHaveLength(before);
    }
    const refused = await auditOf(carol, "&kind=lease.refused");
    expect(refused.filter(({ data }) => String(data.because).includes("must be recorded"))).toHaveLength(2);
  });

  it("is taken piece by piece, in order, each once, and given back as it came", async () => {
    const made = await lease();
    const texts = ['{"version":3}\n', '[0.1, "o", "a"]\n', '[0.1, "x", "0"]\n'];
    expect((await send(alice, made.session, 1, { data: piece("early") })).body.code).toBe("wrong_state");
    for (const [n, text] of texts.entries()) {
      const body = { data: piece(text), last: n === 2 };
      const state = n === 2 ? "complete" : "recording";
      expect((await send(alice, made.session, n, body)).body).toEqual({ state });
      // The answer was lost, so it is sent again.
      expect((await send(alice, made.session, n, body)).body).toEqual({ state });
    }
    expect((await send(alice, made.session, 0, { data: piece("other") })).body.code).toBe("wrong_state");
    expect((await send(alice, made.session, 3, { data: piece("late") })).body.code).toBe("wrong_state");
    await end(made);

    const page = await bob.call<RecordingPage>("GET", `/v1/sessions/${made.session}/recording`);
    expect(page.body.chunks.map(({ data }) => gunzipSync(Buffer.from(data, "base64")).toString())).toEqual(texts);
    expect(page.body.session).toMatchObject({ exitCode: 0, recording: { state: "complete", chunks: 3 } });
    const [recorded, ...more] = await sessionEvents(made.session, "session.recorded");
    expect(more).toEqual([]);
    expect(recorded?.data).toMatchObject({ from: 0, pieces: 3, state: "complete" });
    // Who begins in the middle looks too; reading on is the same look.
    for (const from of [1, 2]) await dave.call("GET", `/v1/sessions/${made.session}/recording?from=${from}`);
    const looks = await sessionEvents(made.session, "session.replayed");
    expect(looks.map(({ actor }) => actor?.name)).toEqual(["bob", "dave"]);
  });

  it("takes the same piece sent ten times at once as one", async () => {
    const made = await lease();
    const body = { data: piece("x"), last: true };
    const replies = await Promise.all(Array.from({ length: 10 }, () => send(alice, made.session, 0, body)));
    expect(new Set(replies.map(({ body: { state } }) => state))).toEqual(new Set(["complete"]));
    expect(await sessionEvents(made.session, "session.recorded")).toHaveLength(1);
    await end(made);
  });

  it("comes from the holder alone, and only where one was asked for", async () => {
    const made = await lease();
    const data = piece("forged");
    for (const who of [bob, carol, dave, erin]) expect((await send(who, made.session, 0, { data })).status).toBe(404);
    const plain = await lease({ terminal: false });
    expect((await send(alice, plain.session, 0, { data })).body.code).toBe("wrong_state");
    const failure = `/v1/sessions/${made.session}/recording/failure`;
    expect((await bob.call("POST", failure, { because: "refused" })).status).toBe(404);
    await end(made);
    await end(plain);
  });

  it("is seen by its holder, its approvers, auditors and admins; to others it does not exist", async () => {
    const made = await lease();
    await send(alice, made.session, 0, { data: piece("secret"), last: true });
    await end(made);
    const address = `/v1/sessions/${made.session}/recording`;
    for (const who of [alice, bob, carol, dave]) expect((await who.call("GET", address)).status).toBe(200);
    for (const path of [address, `${address}/events`]) {
      const [mine, none] = [
        await erin.call("GET", path),
        await erin.call("GET", path.replace(/ses_\w+/, "ses_0000000000000000")),
      ];
      expect([mine.status, none.status]).toEqual([404, 404]);
    }
    const list = async (who: Voice) => (await who.call<SessionList>("GET", "/v1/sessions?limit=500")).body.sessions;
    for (const who of [alice, bob, carol, dave])
      expect((await list(who)).map(({ session }) => session)).toContain(made.session);
    expect(await list(erin)).toEqual([]);
  });

  it("ends where recordings are too long, says so, and stays what it was", async () => {
    const made = await lease();
    const noise = () => piece(randomBytes(90_000).toString("base64"));
    let state = "recording";
    let n = 0;
    for (; state === "recording" && n < 30; n++)
      state = (await send(alice, made.session, n, { data: noise() })).body.state;
    expect(state).toBe("cut");
    expect((await send(alice, made.session, n - 1, { data: noise() })).body.state).toBe("cut");
    expect((await sessionEvents(made.session, "session.recording_failed"))[0]?.data).toEqual({ because: "limit" });
    expect((await sessionEvents(made.session, "session.recorded")).at(-1)?.data).toMatchObject({
      pieces: n - 1,
      state: "cut",
    });
    const page = await bob.call<RecordingPage>("GET", `/v1/sessions/${made.session}/recording`);
    expect(page.body.session.recording).toMatchObject({ state: "cut", chunks: n - 1 });
    expect(page.body.session.recording?.bytes).toBeLessThanOrEqual(1024 * 1024);
    await end(made);
  });

  it.each([
    ["no gzip", { data: Buffer.from("plain").toString("base64") }, 400],
    ["a bomb", { data: gzipSync(Buffer.alloc(50_000_000)).toString("base64") }, 400],
    ["too large", { data: randomBytes(290_000).toString("base64") }, 400],
    ["larger than any body", { data: "A".repeat(400_000) }, 413],
    ["no base64", { data: "*".repeat(40) }, 400],
    ["a field nobody knows", { data: piece("x"), state: "complete" }, 400],
  ])("refuses %s", async (_what, body, status) => {
    const made = await lease();
    expect((await send(alice, made.session, 0, body)).status).toBe(status);
    for (const n of ["-1", "x", "1e3", "99999999999"])
      expect((await send(alice, made.session, n, { data: piece("x") })).status).toBe(400);
    await end(made);
  });

  it("that the CLI gives up is on record, whether it had begun or not", async () => {
    for (const begun of [true, false]) {
      const made = await lease();
      if (begun) await send(alice, made.session, 0, { data: piece("x") });
      const failure = { because: begun ? "not_sent" : "no_terminal" };
      expect((await alice.call("POST", `/v1/sessions/${made.session}/recording/failure`, failure)).status).toBe(200);
      expect(await sessionEvents(made.session, "session.recording_failed")).toMatchObject([{ data: failure }]);
      await end(made);
    }
  });

  it("that is watched comes as it is sent, from the beginning, and the stream ends with the session", async () => {
    const made = await lease();
    await send(alice, made.session, 0, { data: piece("first") });
    const answer = await fetch(`${arena.broker().url}/v1/sessions/${made.session}/recording/events`, {
      headers: { authorization: `Bearer ${bob.token}` },
    });
    expect(answer.status).toBe(200);
    let seen = "";
    const over = (async () => {
      for await (const bytes of answer.body ?? []) seen += Buffer.from(bytes).toString();
    })();
    await eventually("the first piece", 5_000, async () => seen.includes(piece("first")));
    await send(alice, made.session, 1, { data: piece("second"), last: true });
    await eventually("the second piece", 5_000, async () => seen.includes(piece("second")));
    await end(made);
    await over;
    expect(seen).toMatch(/event: session\ndata: .*"state":"complete"/);
    expect(await sessionEvents(made.session, "session.watched")).toMatchObject([{ actor: { name: "bob" } }]);
    expect((await bob.call("GET", `/v1/sessions/${made.session}/recording/events`)).status).toBe(409);
  });

  it("outlives the broker: what a new one is sent continues it", async () => {
    const made = await lease();
    await send(alice, made.session, 0, { data: piece("before") });
    await arena.broker().kill();
    await arena.restart();
    expect((await send(alice, made.session, 1, { data: piece("after"), last: true })).body).toEqual({
      state: "complete",
    });
    await end(made);
  });
});

describe("sessions", () => {
  it("are found by when, who, resource, request and whether they run, newest first, page by page", async () => {
    const made = await lease({ command: ["sleep", "60"] });
    const list = async (query: string) => (await carol.call<SessionList>("GET", `/v1/sessions?${query}`)).body;
    expect((await list("live=true")).sessions[0]).toMatchObject({ session: made.session, command: ["sleep", "60"] });
    await end(made);
    expect((await list("live=true")).sessions.map(({ session }) => session)).not.toContain(made.session);
    const { sessions: all } = await list("limit=500");
    expect(all.map(({ startedAt }) => startedAt)).toEqual(
      all
        .map(({ startedAt }) => startedAt)
        .toSorted()
        .reverse(),
    );
    const paged: string[] = [];
    for (let before = ""; ; ) {
      const page = await list(`limit=3${before}`);
      paged.push(...page.sessions.map(({ session }) => session));
      if (page.next === undefined) break;
      before = `&before=${page.next}`;
    }
    expect(paged).toEqual(all.map(({ session }) => session));
    expect((await list(`request=${required.request}`)).sessions.every(({ role }) => role === "readwrite")).toBe(true);
    expect((await list("actor=bob")).sessions).toEqual([]);
    expect((await list("actor=alice&resource=db-prod&limit=500")).sessions).toHaveLength(all.length);
    expect((await list("resource=none")).sessions).toEqual([]);
    expect((await list(`until=${all.at(-1)?.startedAt}`)).sessions).toEqual([]);
    expect((await list(`since=${all[0]?.startedAt}`)).sessions).toHaveLength(1);
  });
});

it("a recording that was changed fails phi-broker audit verify, which names it and the piece; the log itself is whole", async () => {
  const made = await lease();
  for (const n of [0, 1, 2]) await send(alice, made.session, n, { data: piece(`${n}`), last: n === 2 });
  await end(made);
  const whole = await runOperator(arena.configFile, "audit", "verify");
  expect([whole.code, whole.stdout]).toEqual([0, expect.stringMatching(/^ok: \d+ events.*\nok: \d+ recordings/)]);

  const connection = openConnection(arena.databaseFile);
  try {
    const forged = gzipSync("forged");
    connection.run(
      sql`update recording_chunks set data = ${forged}, hash = ${sha256(forged)} where session_id = ${made.session} and n = 1`,
    );
  } finally {
    await connection.close();
  }
  const changed = await runOperator(arena.configFile, "audit", "verify");
  expect(changed.code).toBe(1);
  expect(changed.stdout).toContain(
    `The recording of ${made.session} is not what it was, from piece 0 on: pieces 0 to 2`,
  );
  expect(changed.stdout).toMatch(/^ok: \d+ events/);
});
