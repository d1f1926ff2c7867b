import { gzipSync } from "node:zlib";
import type { SessionId } from "@phi/shared/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Caller } from "../domain/caller.js";
import { activate } from "../domain/lease-moves.js";
import { NO_CALENDARS } from "../domain/on-call.js";
import { compilePolicy } from "../domain/policy/policy.js";
import type { Request } from "../domain/request.js";
import { createRecordings } from "../store/recordings.js";
import { alice, entry, issuingLease, openTemporaryLedger, pendingRequest } from "../store/store.testing.js";
import { createKeepRecordings } from "./keep-recordings.js";
import { createOpenSession } from "./open-session.js";
import { createRecordSession } from "./record-session.js";
import { createRevocation } from "./revocation.js";
import { createVerifyRecording } from "./verify-recording.js";

/** The real ledger and a clock that stands still until it is moved. */
const DAY = 86_400_000;
let place: Awaited<ReturnType<typeof openTemporaryLedger>>;
let now: number;
const clock = { now: () => now };
const caller = { principal: alice, isAdmin: false, mayAudit: false } as unknown as Caller;

function world() {
  const { ledger, store, changes } = place;
  const recordings = createRecordings(store);
  const openSession = createOpenSession({ ledger, recordings, clock });
  // No target is configured: what begins to be revoked stays so.
  const { revokeLeases } = createRevocation({
    ledger,
    catalogue: {
      policy: () => compilePolicy([], "none"),
      calendars: () => NO_CALENDARS,
      resources: [],
      resource: () => undefined,
      provider: () => undefined,
    },
    clock,
    random: () => 0.5,
    measures: { revocation: () => undefined, committed: () => undefined },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    stopping: new AbortController().signal,
  });
  return {
    recordings,
    record: createRecordSession({ ledger, recordings, openSession, changes, clock, mostBytes: 1_000_000 }),
    keep: createKeepRecordings({ ledger, recordings, revokeLeases, clock, keepFor: 90 * DAY }),
    verify: createVerifyRecording({ recordings }),
    events: async () => (await ledger.audit({ limit: 1_000 })) as Awaited<ReturnType<typeof ledger.audit>>,
  };
}

beforeEach(async () => {
  place = await openTemporaryLedger();
  now = 10_000;
});
afterEach(() => place.close());

/** A session that runs under an active lease and is to be recorded. */
async function running(recording: "terminal" | "required"): Promise<SessionId> {
  const { ledger } = place;
  const request = pendingRequest();
  await ledger.commit({
    guard: { do: "insert_request", request, idempotencyKey: undefined },
    events: [entry("request.created", request)],
  });
  const window = { approvedAt: 1_000, claimUntil: 9e9, startedAt: 2_000, expiresAt: 9e9 };
  await ledger.commit({
    guard: { do: "advance_request", id: request.id, from: "pending", to: "active", dueAt: 9e9, set: window },
    events: [entry("request.started", request)],
  });
  const { lease, session } = issuingLease(request as Request, { expiresAt: 9e9 });
  await ledger.commit({
    guard: {
      do: "insert_lease",
      lease,
      session: { ...session, startedAt: now, recording },
      at: now,
      idempotencyKey: undefined,
    },
    events: [entry("lease.planned", request)],
  });
  if (lease.state !== "issuing") throw new Error("a lease begins as issuing");
  await ledger.commit({
    guard: { do: "advance_lease", advance: activate(lease, now) },
    events: [entry("lease.issued", request)],
  });
  return session.id;
}

async function endSession(id: SessionId): Promise<void> {
  await place.ledger.commit({
    guard: { do: "end_session", id, end: { because: "command_ended", at: now, exitCode: 0, signal: undefined } },
    events: [entry("session.ended")],
  });
}

const piece = (text: string) => gzipSync(text);

describe("what nobody's CLI does for a recording", () => {
  it("ends the access of a session that must be recorded and is not, after 30 s; others go on", async () => {
    const { keep, record, events } = world();
    const silent = await running("required");
    const recorded = await running("required");
    await running("terminal");
    await record.append(caller, recorded, { n: 0, data: piece("a"), isLast: false });
    now += 29_000;
    await keep();
    expect((await events()).filter(({ kind }) => kind === "lease.revoking")).toEqual([]);
    now += 2_000;
    await keep();
    await keep();
    const begun = (await events()).filter(({ kind }) => kind === "lease.revoking");
    expect(begun.map(({ session }) => session)).toEqual([silent]);
    const told = (await events())
      .filter(({ session }) => session === silent)
      .map(({ kind, data }) => [kind, data.because]);
    expect(told.slice(0, 2)).toEqual([
      ["lease.revoking", "recording_failed"],
      ["session.recording_failed", "nothing_came"],
    ]);
  });

  it("closes a recording whose CLI was never heard of again: what is there is covered by the log", async () => {
    const { keep, record, recordings, verify, events } = world();
    const id = await running("terminal");
    for (const n of [0, 1, 2]) await record.append(caller, id, { n, data: piece(`${n}`), isLast: false });
    await endSession(id);
    expect(await verify(id, await events())).toEqual({ verdict: "intact", pieces: 3, uncovered: 3 });
    now += 9 * 60_000;
    await keep();
    expect((await recordings.of(id))?.state).toBe("running");
    now += 2 * 60_000;
    await keep();
    expect(await recordings.of(id)).toMatchObject({ state: "unfinished", chunks: 3, logged: 3 });
    expect(await verify(id, await events())).toEqual({ verdict: "intact", pieces: 3, uncovered: 0 });
    await expect(record.append(caller, id, { n: 3, data: piece("3"), isLast: true })).rejects.toThrow(/over/);
  });

  it("removes a recording that is older than recordings are kept, with an event; verification says removed, not changed", async () => {
    const { keep, record, recordings, verify, events } = world();
    const [old, young] = [await running("terminal"), await running("terminal")];
    await record.append(caller, old, { n: 0, data: piece("old"), isLast: true });
    now += 60 * DAY;
    await record.append(caller, young, { n: 0, data: piece("young"), isLast: true });
    now += 31 * DAY;
    await keep();
    expect([(await recordings.of(old))?.state, (await recordings.of(young))?.state]).toEqual(["removed", "complete"]);
    expect(await recordings.chunks(old, 0, 1_000)).toEqual([]);
    expect(await verify(old, await events())).toEqual({ verdict: "removed" });
    expect(await verify(young, await events())).toMatchObject({ verdict: "intact", pieces: 1 });
    const removed = (await events()).filter(({ kind }) => kind === "session.recording_removed");
    expect(removed).toMatchObject([{ session: old, data: { because: "retention", pieces: 1 } }]);
  });

  it("covers long recordings by events as they grow: every 64 pieces, and every minute", async () => {
    const { record, events } = world();
    const id = await running("terminal");
    for (let n = 0; n < 130; n++) await record.append(caller, id, { n, data: piece(`${n}`), isLast: false });
    now += 61_000;
    await record.append(caller, id, { n: 130, data: piece("late"), isLast: false });
    const covered = (await events())
      .filter(({ kind }) => kind === "session.recorded")
      .map(({ data }) => [data.from, data.pieces]);
    expect(covered).toEqual([
      [0, 64],
      [64, 128],
      [128, 131],
    ]);
  });
});

describe("a recording that was tampered with is found out, and where", () => {
  const sql = (text: string, ...args: (string | number | Uint8Array | null)[]) =>
    place.store.writer.write([{ sql: text, args }], async () => true);

  async function recorded(): Promise<{ id: SessionId; other: SessionId }> {
    const { record } = world();
    const [id, other] = [await running("terminal"), await running("terminal")];
    for (const session of [id, other]) {
      for (let n = 0; n < 10; n++)
        await record.append(caller, session, { n, data: piece(`${session} ${n}`), isLast: n === 9 });
    }
    return { id, other };
  }

  it.each<[string, (id: string, other: string) => Promise<unknown>, number]>([
    [
      "a byte changed",
      (id) => sql("update recording_chunks set data = ? where session_id = ? and n = 4", piece("forged"), id),
      4,
    ],
    [
      "a piece with its hash exchanged",
      async (id) => {
        const { sha256 } = await import("@phi/shared/audit/recording-chain");
        const forged = piece("forged");
        await sql(
          "update recording_chunks set data = ?, hash = ? where session_id = ? and n = 4",
          forged,
          sha256(forged),
          id,
        );
      },
      0,
    ],
    ["a piece removed", (id) => sql("delete from recording_chunks where session_id = ? and n = 4", id), 4],
    ["the end removed", (id) => sql("delete from recording_chunks where session_id = ? and n > 6", id), 7],
    ["all of it removed", (id) => sql("delete from recording_chunks where session_id = ?", id), 0],
    [
      "pieces of another session put in its place",
      async (id, other) => {
        await sql("delete from recording_chunks where session_id = ?", id);
        await sql("update recording_chunks set session_id = ? where session_id = ?", id, other);
      },
      0,
    ],
  ])("%s", async (_how, tamper, first) => {
    const { verify, events } = world();
    const { id, other } = await recorded();
    expect(await verify(id, await events())).toEqual({ verdict: "intact", pieces: 10, uncovered: 0 });
    await tamper(id, other);
    expect(await verify(id, await events())).toMatchObject({ verdict: "changed", piece: first });
  });
});
