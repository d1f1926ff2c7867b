import { newId } from "@phi/shared/ids";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { PostgresHandle } from "./handle.js";
import { type PostgresTarget, startPostgresTarget } from "./postgres-target.testing.js";

const never = new AbortController().signal;
let target: PostgresTarget;
beforeAll(async () => {
  target = await startPostgresTarget();
});
afterAll(() => target?.stop());

async function issue() {
  const leaseId = newId("lease");
  const handle = target.provider.plan("activity", leaseId);
  const now = Date.now();
  const order = {
    config: target.config,
    role: target.readwrite,
    leaseId,
    requestId: newId("request"),
    principal: "alice",
  };
  const credential = await target.provider.issue(
    { ...order, createBy: now + 30_000, expiresAt: now + 60_000 },
    handle,
    never,
  );
  return { handle, client: await target.openAs(credential) };
}
const look = async (handle: PostgresHandle) => (await target.provider.activity?.(target.config, [handle], never))?.[0];
const idleFor = async (handle: PostgresHandle) => {
  const seen = await look(handle);
  return seen?.seen === "session" ? seen.idleFor : -1;
};
const older = async (handle: PostgresHandle, than: number) => {
  const deadline = Date.now() + 10_000;
  for (let seen = await idleFor(handle); ; seen = await idleFor(handle)) {
    if (seen > than) return seen;
    if (Date.now() > deadline) throw new Error(`still ${seen} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

it("a transaction that is left open is idle from its last statement on, also when it has failed", async () => {
  const { handle, client } = await issue();
  await client.query("BEGIN");
  await client.query("SELECT 1");
  const waited = await older(handle, 300);
  await expect(client.query("SELECT nonsense")).rejects.toThrow();
  expect(await idleFor(handle)).toBeLessThan(waited);
  await older(handle, 300);
  await client.end();
});

it("a statement that waits for a lock is in use", async () => {
  const { handle, client } = await issue();
  await target.root.query("BEGIN");
  await target.root.query("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
  const waiting = client.query("SELECT count(*) FROM orders");
  const deadline = Date.now() + 10_000;
  while ((await idleFor(handle)) !== 0) if (Date.now() > deadline) throw new Error("never in use");
  await target.root.query("ROLLBACK");
  await waiting;
  await client.end();
});

it("what the broker's account may not see is unknown, and the check says which grant is missing", async () => {
  const check = async (activity: boolean) =>
    (await target.provider.check(target.config, [target.role], never, { activity })).map(({ message, hint }) => [
      message,
      hint,
    ]);
  // What older servers are warned of besides is no matter of activity.
  const others = await check(false);
  expect(await check(true)).toEqual(others);
  const { handle, client } = await issue();
  await target.root.query("REVOKE pg_read_all_stats FROM phi_broker");
  try {
    expect(await look(handle)).toEqual({ seen: "unknown" });
    const added = (await check(true)).filter((finding) => !others.some(([message]) => message === finding[0]));
    expect(added).toEqual([
      [
        "the broker cannot see what is done here, so an idleTimeout ends nothing",
        'GRANT pg_read_all_stats TO "phi_broker"',
      ],
    ]);
    expect(await check(false)).toEqual(others);
  } finally {
    await target.root.query("GRANT pg_read_all_stats TO phi_broker");
  }
  expect(await look(handle)).toMatchObject({ seen: "session" });
  await client.end();
});
