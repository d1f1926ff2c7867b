import { afterEach, describe, expect, it } from "vitest";
import type { BeforeCommit } from "./commit-in-file.js";
import { sql } from "./sql.js";
import { entry, openTemporaryLedger, pendingRequest } from "./store.testing.js";

const NEW = sql`select max(seq) from audit_events where seq > (select coalesce(max(upto), 0) from seals)`;

/** Writes down, before each commit, up to which event the log goes then. */
const seal: BeforeCommit = (transaction) => {
  transaction.run(sql`create table if not exists seals (upto integer not null, kinds integer not null)`);
  const upto = transaction.rows(NEW)[0]?.[0];
  if (typeof upto === "number") transaction.run(sql`insert into seals select ${upto}, count(*) from audit_events`);
};

let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
afterEach(() => open.close());

const seals = async () => (await open.store.rows(sql`select upto from seals`)).map(([upto]) => upto);
const insert = (request = pendingRequest()) =>
  ({
    guard: { do: "insert_request", request, idempotencyKey: undefined },
    events: [entry("request.created", request)],
  }) as const;

describe("what goes with every group of changes", () => {
  it("sees all that the group wrote, and is durable with it: one for many callers", async () => {
    open = await openTemporaryLedger({ beforeCommit: seal });
    await Promise.all(Array.from({ length: 20 }, () => open.ledger.commit(insert())));
    expect(await seals()).toEqual([20]);
    await open.ledger.commit(insert());
    expect(await seals()).toEqual([20, 21]);
  });

  it("is there once for each event although a change of the group failed and the others were tried again", async () => {
    open = await openTemporaryLedger({ beforeCommit: seal });
    const twice = pendingRequest();
    await Promise.allSettled([twice, twice, pendingRequest()].map((request) => open.ledger.commit(insert(request))));
    expect(await seals()).toEqual([1, 2]);
    expect((await open.ledger.audit({ limit: 10 })).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it("undoes the group when it cannot be written: no change without it", async () => {
    let fails = true;
    open = await openTemporaryLedger({
      beforeCommit() {
        if (fails) throw new Error("the seal cannot be written");
      },
    });
    const request = pendingRequest();
    await expect(open.ledger.commit(insert(request))).rejects.toMatchObject({ code: "store_unavailable" });
    expect(await open.ledger.request(request.id)).toBeUndefined();
    expect(await open.ledger.audit({ limit: 10 })).toEqual([]);
    fails = false;
    expect(await open.ledger.commit(insert(request))).toBe("moved");
  });
});
