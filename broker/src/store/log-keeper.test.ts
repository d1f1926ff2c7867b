import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseCheckpoint, verifyCheckpoint } from "@phi/shared/audit/checkpoint";
import { leafOf } from "@phi/shared/audit/leaf";
import { parseLogKey } from "@phi/shared/audit/log-key";
import { sameHash } from "@phi/shared/audit/merkle-hash";
import { verifyConsistency, verifyInclusion } from "@phi/shared/audit/verify-proof";
import { describe, expect, test } from "vitest";
import { createLedger } from "./ledger.js";
import { newFolder, openKept, settled, tamper } from "./log.testing.js";
import { openStore } from "./open.js";
import { entry } from "./store.testing.js";

describe("the log's tree", () => {
  test("holds every event that was committed, under a checkpoint signed with the group that wrote it", async () => {
    const kept = await openKept(newFolder());
    await kept.record(1);
    await settled();
    expect(kept.checkpoint().size).toBe(1);
    await kept.record(700);
    await settled();
    const { size, root } = kept.checkpoint();
    expect(size).toBe(701);
    for (const event of await kept.ledger.audit({ limit: 1_000 })) {
      const proof = await kept.tree.inclusion(event.seq - 1, size);
      expect(verifyInclusion({ index: event.seq - 1, size, leaf: leafOf(event), proof, root })).toBe(true);
    }
    await kept.close();
  });

  test("grows only at its end: each checkpoint is proven to begin the next, also over a restart and a kill", async () => {
    const folder = newFolder();
    const seen: { size: number; root: Uint8Array }[] = [];
    for (let round = 0; round < 6; round++) {
      const kept = await openKept(folder);
      await kept.record(97 * (round + 1));
      await settled();
      const now = kept.checkpoint();
      for (const before of seen)
        expect(verifyConsistency(before, now, await kept.tree.consistency(before.size, now.size))).toBe(true);
      seen.push(now);
      await kept.close(round % 2 === 0);
    }
  });

  test("takes in the events of a ledger from before there was a log, their texts made erasable", async () => {
    const folder = newFolder();
    const plain = await openStore(join(folder, "phi.db"));
    await createLedger(plain, plain.changes).record(entry("sign_in.created"));
    await plain.close();
    tamper(
      folder,
      `insert into audit_events (id, at, kind, data) values ('evt_0000000000000001', 5, 'request.created', '{"role":"readonly","reason":"INC-42"}')`,
    );
    // More than are built into the tree at a time.
    tamper(
      folder,
      `insert into audit_events (id, at, kind, data) with recursive n (i) as (select 2 union all select i + 1 from n where i < 4999)
       select 'evt_' || printf('%016d', i), 5, 'lease.issued', '{}' from n`,
    );
    const kept = await openKept(folder);
    expect([kept.checkpoint().size, kept.tree.conflict()]).toEqual([5_000, undefined]);
    const [, old] = await kept.ledger.audit({ limit: 10 });
    expect(old?.data).toEqual({ role: "readonly", reason: "INC-42" });
    expect(old?.salts).toEqual({ reason: expect.any(String) });
    expect(old && Buffer.from(leafOf(old)).toString("hex")).toBe(old?.leaf);
    await kept.close();
  });
});

describe("the signer", () => {
  test("keeps key and last head in files of their own that nobody else can read", async () => {
    const folder = newFolder();
    const kept = await openKept(folder);
    await kept.record(1);
    await settled();
    await kept.close();
    for (const name of ["log-key", "log-key.head"]) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(folder, "log-key.head"), "utf8"))).toMatchObject({ size: 1 });
  });

  test.each([
    ["rolled back", "delete from audit_events where seq > 4; update log_head set size = 4", "signed here"],
    [
      "emptied",
      "delete from audit_events; delete from log_head; delete from log_checkpoints; delete from log_nodes",
      "signed here",
    ],
    ["cut at its end", "delete from audit_events where seq > 8", "not those that were signed"],
    ["given another name", "update log_head set origin = 'phi.audit/other0'", "not this broker's"],
    ["given another key", "update log_head set key = 'phi.audit/tagtag+00000000+AAAA'", "key"],
  ])("signs nothing more on a ledger that was %s, says why, and goes on recording", async (_, sql, words) => {
    const folder = newFolder();
    const before = await openKept(folder);
    await before.record(10);
    await settled();
    const signed = before.checkpoint();
    await before.close();
    tamper(folder, sql);

    const kept = await openKept(folder);
    await kept.record(1);
    await settled();
    expect(kept.tree.conflict()).toContain(words);
    expect((await kept.ledger.audit({ limit: 100, order: "newest" }))[0]?.kind).toBe("sign_in.created");
    await kept.close();
    const { size } = JSON.parse(readFileSync(join(folder, "log-key.head"), "utf8")) as { size: number };
    expect(size).toBe(signed.size);
  });

  test("signs nothing more when the ledger's last events are exchanged while it works", async () => {
    const folder = newFolder();
    const kept = await openKept(folder);
    await kept.record(10);
    await settled();
    tamper(folder, "delete from audit_events where seq > 8");
    await kept.record(3);
    await settled();
    expect(kept.tree.conflict()).toBeDefined();
    await kept.close();
  });

  test("begins anew in an epoch of its own when an operator says so", async () => {
    const folder = newFolder();
    const before = await openKept(folder);
    await before.record(10);
    await settled();
    const old = before.checkpoint();
    await before.close();
    tamper(folder, "delete from audit_events where seq > 4; update log_head set size = 4");

    const kept = await openKept(folder);
    expect(kept.tree.conflict()).toBeDefined();
    expect(await kept.tree.restart()).toMatchObject({ origin: "phi.audit/tagtag/2", size: 4 });
    await kept.record(300);
    await settled();
    const now = kept.checkpoint();
    expect([now.origin, now.size, kept.tree.conflict()]).toEqual(["phi.audit/tagtag/2", 304, undefined]);
    expect(now.origin).not.toBe(old.origin);
    const proof = await kept.tree.inclusion(2, 304);
    const event = (await kept.ledger.audit({ limit: 3 }))[2];
    expect(event && verifyInclusion({ index: 2, size: 304, leaf: leafOf(event), proof, root: now.root })).toBe(true);
    await kept.close();
    const again = await openKept(folder);
    expect([again.checkpoint().size, again.tree.conflict()]).toEqual([304, undefined]);
    await again.close();
  });

  test("a rotation is signed by both keys, and by the new one alone from then on", async () => {
    const folder = newFolder();
    const kept = await openKept(folder);
    await kept.record(2);
    await settled();
    const { from, to } = kept.tree.prepareRotation();
    await kept.record(1);
    await settled();
    expect(kept.tree.key()).toBe(from);
    await kept.ledger.record({ ...entry("log.key_rotated"), data: { from, to } });
    await settled();
    const both = parseCheckpoint(kept.tree.checkpoint() ?? "");
    const keys = [from, to].map((text) => parseLogKey(text)).filter((key) => key !== undefined);
    expect(both?.note.signatures.map(({ id }) => id)).toEqual(keys.map(({ id }) => id));
    expect(keys.map((key) => both && verifyCheckpoint(both, [key]))).toEqual([true, true]);
    await kept.record(1);
    await settled();
    expect(kept.tree.key()).toBe(to);
    expect(kept.checkpoint().note.signatures).toHaveLength(1);
    await kept.close();
    const again = await openKept(folder);
    await again.record(1);
    await settled();
    expect([again.checkpoint().size, again.tree.key(), again.tree.conflict()]).toEqual([6, to, undefined]);
    expect(sameHash(again.checkpoint().root, both?.root ?? new Uint8Array())).toBe(false);
    await again.close();
  });
});
