import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { checkpointText } from "@phi/shared/audit/checkpoint";
import { EMPTY_FRONTIER, extend, packSubtrees, rootOf } from "@phi/shared/audit/frontier";
import { leafOf } from "@phi/shared/audit/leaf";
import { formatLogKey, logKeyOf, signText } from "@phi/shared/audit/log-key";
import { formatSignature } from "@phi/shared/audit/signed-note";
import { newId } from "@phi/shared/ids";
import { beforeAll, describe, expect, test } from "vitest";
import { readHead } from "../audit/head-file.js";
import { makeKey, readKey } from "../audit/key-file.js";
import { openConnection } from "./connection.js";
import { eventFromRow } from "./event-rows.js";
import { newFolder, openKept, settled, tamper } from "./log.testing.js";
import { auditEvents } from "./schema/audit-events.js";
import { logCheckpoints, logHead } from "./schema/signed-log.js";
import { rowTo, select } from "./select.js";
import { sql, updateIf } from "./sql.js";
import { alice } from "./store.testing.js";
import { verifyLedger } from "./verify-ledger.js";

/** Events of the log, in groups of one, of seven, and of hundreds. */
const COUNT = 1_510;
let sound: string;

beforeAll(async () => {
  sound = await makeLog();
});

/** Every group is handed over when the one before is written. */
async function makeLog(): Promise<string> {
  const folder = newFolder();
  const kept = await openKept(folder);
  const some = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        kept.ledger.record({
          id: newId("event"),
          at: 1_700_000_000_000 + index,
          kind: "request.created",
          actor: { ...alice, name: 'A "quoted" \\ name\u007f é' },
          resource: "db-prod",
          data: {
            role: "readonly",
            duration: 600,
            approvers: ["group:é", "b"],
            ...(index % 3 === 0 ? { reason: `INC-${index}` } : {}),
          },
        }),
      ),
    );
  for (let index = 0; index < 10; index++) await some(1);
  for (let index = 0; index < 100; index++) await some(7);
  await some(COUNT - 710);
  await settled();
  await kept.close();
  return folder;
}

/** A copy that somebody with the ledger's file has been at. */
function copyOf(folder: string): string {
  const copy = newFolder();
  for (const name of ["phi.db", "phi.db-wal", "log-key", "log-key.head"])
    if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(copy, name));
  return copy;
}

async function verify(folder: string, { remembers = true } = {}) {
  const connection = openConnection(join(folder, "phi.db"));
  const key = readKey(join(folder, "log-key"));
  if (key === undefined) throw new Error("no key");
  try {
    return await verifyLedger((statement) => connection.rows(statement), {
      keys: (origin) => [logKeyOf(origin, key)],
      remembered: remembers ? readHead(join(folder, "log-key.head")) : undefined,
    });
  } finally {
    connection.close();
  }
}

/** The ledger's hashes made to fit its events again, as far as that can be done with no key, or with another. */
async function rehash(folder: string, from: number, resign?: string): Promise<void> {
  const connection = openConnection(join(folder, "phi.db"));
  const origin = String(connection.rows(sql`select ${logHead.origin} from ${logHead}`)[0]?.[0]);
  const rows = connection
    .rows(select(auditEvents, sql`order by ${auditEvents.seq}`))
    .map((row) => rowTo(auditEvents, row));
  const leaves = rows.map((row) => Buffer.from(leafOf(eventFromRow({ ...row, texts: null, salts: null }))));
  await connection.durably((transaction) => {
    rows.forEach((row, index) => {
      if (row.seq >= from)
        transaction.run(updateIf(auditEvents, { leaf: leaves[index] ?? null }, sql`${auditEvents.seq} = ${row.seq}`));
    });
    let frontier = EMPTY_FRONTIER;
    for (const [size] of connection.rows(
      sql`select ${logCheckpoints.size} from ${logCheckpoints} order by ${logCheckpoints.size}`,
    )) {
      if (typeof size !== "number" || size > leaves.length) continue;
      frontier = extend(frontier, leaves.slice(frontier.size, size));
      if (resign === undefined) continue;
      const root = Buffer.from(rootOf(frontier));
      const key = makeKey(resign);
      const signature = signText(checkpointText({ origin, size, root }), key);
      const signatures = formatSignature({ ...logKeyOf(origin, key), signature });
      transaction.run(updateIf(logCheckpoints, { root, signatures }, sql`${logCheckpoints.size} = ${size}`));
      const head = {
        size,
        root,
        key: formatLogKey(logKeyOf(origin, key)),
        subtrees: Buffer.from(packSubtrees(frontier)),
      };
      transaction.run(updateIf(logHead, head, sql`1`));
    }
  });
  connection.close();
}

describe("verifying a ledger's log", () => {
  test("finds nothing wrong with what phi wrote, names and texts of any kind included", async () => {
    expect(await verify(sound)).toEqual({ events: COUNT, signed: COUNT, fault: undefined });
  });

  test("finds nothing wrong after texts were erased", async () => {
    const folder = copyOf(sound);
    tamper(folder, "update audit_events set texts = null, salts = null where seq % 2 = 0");
    expect((await verify(folder)).fault).toBeUndefined();
  });

  test("takes data with other blanks or order for the same, and reads it row by row", async () => {
    const folder = copyOf(sound);
    tamper(
      folder,
      `update audit_events set data = replace(data, '"role":"readonly"', ' "role" : "readonly" ') where seq = 700`,
    );
    expect((await verify(folder)).fault).toBeUndefined();
  });

  test.each([
    ["a name is edited", "update audit_events set actor_name = 'Mallory' where seq = 777", 777],
    ["an instant is moved by a millisecond", "update audit_events set at = at + 1 where seq = 1", 1],
    [
      "data is edited",
      `update audit_events set data = replace(data, 'readonly', 'superuser') where seq = ${COUNT}`,
      COUNT,
    ],
    ["a text is edited", `update audit_events set texts = '{"reason":"fine"}' where seq = 711`, 711],
    ["a salt is edited", `update audit_events set salts = '{"reason":"AAAA"}' where seq = 711`, 711],
    [
      "a part of a text is moved to another column",
      `update audit_events set data = substr(data, 1, length(data) - 1), id = '}' || id where seq = 12`,
      12,
    ],
    ["an event is deleted", "delete from audit_events where seq = 400", 400],
    ["the first event is deleted", "delete from audit_events where seq = 1", 1],
    [
      "two events change places",
      "update audit_events set seq = -1 where seq = 5; update audit_events set seq = 5 where seq = 6; update audit_events set seq = 6 where seq = -1",
      5,
    ],
    ["the end is cut off", "delete from audit_events where seq > 1400", 1_401],
    ["a leaf is edited", "update audit_events set leaf = zeroblob(32) where seq = 33", 33],
    [
      "the head is put back",
      "delete from log_checkpoints where size > 710; delete from audit_events where seq > 710; update log_head set size = 710, root = (select root from log_checkpoints where size = 710)",
      711,
    ],
    ["the newest checkpoint is taken away", `delete from log_checkpoints where size = ${COUNT}`, COUNT],
  ])("names the first wrong event when %s", async (_, statements, seq) => {
    const folder = copyOf(sound);
    tamper(folder, statements);
    expect((await verify(folder)).fault?.seq).toBe(seq);
  });

  test("names the event when an event and its leaf are edited together, where a group of one wrote it", async () => {
    const folder = copyOf(sound);
    tamper(folder, "update audit_events set actor_name = 'Mallory' where seq = 5");
    await rehash(folder, 5);
    expect((await verify(folder)).fault).toEqual({ seq: 5, because: "is not what was signed" });
  });

  test("names the few events of a group when one of them and its leaf are edited together", async () => {
    const folder = copyOf(sound);
    tamper(folder, "update audit_events set actor_name = 'Mallory' where seq = 100");
    await rehash(folder, 100);
    const { fault } = await verify(folder);
    expect(fault?.seq).toBeLessThanOrEqual(100);
    expect(fault?.seq).toBeGreaterThan(93);
  });

  test("refuses forged events at the end, with leaves, without a signature", async () => {
    const folder = copyOf(sound);
    tamper(
      folder,
      `insert into audit_events (id, at, kind, data) select 'evt_' || value, 5, 'sign_in.created', '{}' from json_each('[${Array.from({ length: 2_100 }, (__, index) => index).join(",")}]')`,
    );
    await rehash(folder, COUNT + 1);
    expect((await verify(folder)).fault).toMatchObject({
      seq: COUNT + 1,
      because: expect.stringContaining("never signed"),
    });
  });

  test("refuses a log that was rewritten and signed whole with another key", async () => {
    const folder = copyOf(sound);
    tamper(folder, "update audit_events set actor_name = 'Mallory' where seq = 3");
    await rehash(folder, 1, join(folder, "another-key"));
    expect((await verify(folder, { remembers: false })).fault?.because).toContain("not signed with the log's key");
  });

  test("refuses a log that was rewritten and signed with the log's own key, because another was signed before", async () => {
    const folder = copyOf(sound);
    tamper(folder, "update audit_events set actor_name = 'Mallory' where seq = 3");
    await rehash(folder, 1, join(folder, "log-key"));
    expect((await verify(folder)).fault?.because).toContain("not what this broker signed");
    expect((await verify(folder, { remembers: false })).fault).toBeUndefined();
  });

  test("refuses the copy of an older day in the place of the ledger", async () => {
    const folder = newFolder();
    const kept = await openKept(folder);
    await kept.record(20);
    await settled();
    await kept.close();
    const old = copyOf(folder);
    const again = await openKept(folder);
    await again.record(20);
    await settled();
    await again.close();
    rmSync(join(folder, "phi.db-shm"), { force: true });
    for (const end of ["", "-wal"]) {
      rmSync(join(folder, `phi.db${end}`), { force: true });
      if (existsSync(join(old, `phi.db${end}`))) copyFileSync(join(old, `phi.db${end}`), join(folder, `phi.db${end}`));
    }
    expect((await verify(folder)).fault).toMatchObject({ seq: 21 });
  });
});
