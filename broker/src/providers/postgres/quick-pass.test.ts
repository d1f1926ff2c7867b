import { newId } from "@phi/shared/ids";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createConnections } from "./connect.js";
import { type PostgresTarget, startPostgresTarget } from "./postgres-target.testing.js";
import { quickPass } from "./quick-pass.js";

const never = new AbortController().signal;
const connections = createConnections();

let target: PostgresTarget;
beforeAll(async () => {
  target = await startPostgresTarget();
});
afterAll(async () => {
  await connections.close();
  await target?.stop();
});

async function lease() {
  const leaseId = newId("lease");
  const handle = target.provider.plan("quick", leaseId);
  const at = { createBy: Date.now() + 30_000, expiresAt: Date.now() + 60_000 };
  const order = { config: target.config, role: target.role, leaseId, requestId: newId("request"), principal: "alice" };
  return { handle, credential: await target.provider.issue({ ...order, ...at }, handle, never) };
}

const pass = (handles: readonly { readonly role: string }[], createBy = 0) =>
  connections.use(target.config, never, (connection) =>
    quickPass(
      connection,
      handles.map((handle) => ({ handle, createBy })),
    ),
  );

const canLogIn = async (role: string) =>
  (await target.root.query("SELECT rolcanlogin AS yes FROM pg_roles WHERE rolname = $1", [role])).rows[0]?.yes;

describe("a quick pass", () => {
  it("drops what nobody uses, and of the rest only closes the door", async () => {
    const [unused, used] = [await lease(), await lease()];
    const neverMade = target.provider.plan("quick", newId("lease"));
    const session = await target.openAs(used.credential);
    const [gone, ...others] = await pass([unused.handle, used.handle, neverMade]);
    expect(gone).toMatchObject({ gone: true, final: true, ended: 0 });
    expect(others).toEqual([undefined, undefined]);
    expect(await target.exists(unused.handle)).toBe(false);
    expect(await canLogIn(used.handle.role)).toBe(false);
    expect((await session.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await session.end();
  });

  it("is not final for a role that could be made once more", async () => {
    const { handle } = await lease();
    expect(await pass([handle], Date.now() + 30_000)).toMatchObject([{ gone: true, final: false }]);
  });

  it("leaves all of them to the thorough one when something belongs to one of them, each closed", async () => {
    const [clean, owner] = [await lease(), await lease()];
    await target.root.query(`CREATE TABLE belongs (); ALTER TABLE belongs OWNER TO "${owner.handle.role}"`);
    expect(await pass([clean.handle, owner.handle])).toEqual([undefined, undefined]);
    for (const { handle } of [clean, owner]) expect(await canLogIn(handle.role)).toBe(false);
    const createBy = 0;
    const both = [clean.handle, owner.handle].map((handle) => ({ handle, createBy }));
    expect(await target.provider.revoke(target.config, both, never)).toMatchObject([
      { outcome: "revoked", droppedAfterCreateBy: true },
      { outcome: "revoked", droppedAfterCreateBy: true },
    ]);
  });

  it("looks up a role in the time that few take, also by the plan that was made when there were few", async () => {
    const plan = "EXPLAIN (FORMAT TEXT) EXECUTE phi_find('{a}')";
    await connections.use(target.config, never, async (connection) => {
      for (let turn = 0; turn < 3; turn++) await quickPass(connection, []);
      const lines = (await connection.query(plan)).map((row) => String(row["QUERY PLAN"]));
      expect(lines.join("\n")).toMatch(/Index.* on pg_auth_members/);
      expect(lines.join("\n")).not.toMatch(/Seq Scan/);
    });
  });
});
