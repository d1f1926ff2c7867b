import { newId } from "@phi/shared/ids";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Credential, Outcome } from "../../ports/provider.js";
import type { PostgresHandle } from "./handle.js";
import { type PostgresTarget, startPostgresTarget } from "./postgres-target.testing.js";
import { type PostgresRole, roleSchema } from "./role.js";

/** What a lease can leave on a server, or do to stay there, and what becomes of it. */

const never = new AbortController().signal;
const HOSTILE_DATABASES = ["d\"b'; DROP ROLE phi_broker;--", "Größe 漢字"];

let target: PostgresTarget;
let workshop: PostgresRole;

beforeAll(async () => {
  target = await startPostgresTarget();
  // A group that may create things, in three databases.
  await target.root.query("CREATE ROLE workshop NOLOGIN; GRANT workshop TO phi_broker WITH ADMIN OPTION");
  workshop = roleSchema.parse({ memberOf: ["workshop", "app_readwrite"] });
  for (const name of HOSTILE_DATABASES) await target.postgres.createDatabase(name);
  for (const name of [target.config.clients.database, ...HOSTILE_DATABASES]) {
    const client = await openAsRoot(name);
    await client.query(`GRANT CONNECT, TEMP, CREATE ON DATABASE ${pg.escapeIdentifier(name)} TO workshop;
      GRANT CONNECT ON DATABASE ${pg.escapeIdentifier(name)} TO phi_broker;
      GRANT USAGE, CREATE ON SCHEMA public TO workshop; GRANT USAGE ON SCHEMA public TO PUBLIC`);
    await client.end();
  }
  await target.root.query("GRANT TRIGGER ON orders TO app_readwrite");
});
afterAll(() => target?.stop());

const openAsRoot = async (database: string) => {
  const url = new URL(target.postgres.adminUrl);
  return target.open(url.username, decodeURIComponent(url.password), database);
};

async function lease(role: PostgresRole = workshop): Promise<{ handle: PostgresHandle; credential: Credential }> {
  const leaseId = newId("lease");
  const handle = target.provider.plan("remains", leaseId);
  const at = { createBy: Date.now() + 30_000, expiresAt: Date.now() + 60_000 };
  const order = { config: target.config, role, leaseId, requestId: newId("request"), principal: "alice", ...at };
  return { handle, credential: await target.provider.issue(order, handle, never) };
}

async function revoke(...handles: PostgresHandle[]): Promise<Outcome[]> {
  const createBy = Date.now() + 30_000;
  return target.provider.revoke(
    target.config,
    handles.map((handle) => ({ handle, createBy })),
    never,
  );
}

const revoked = { outcome: "revoked" };

describe("what a lease leaves behind", () => {
  it("is moved to the graveyard from every database, whatever its name", async () => {
    const { handle, credential } = await lease();
    for (const [index, name] of [target.config.clients.database, ...HOSTILE_DATABASES].entries()) {
      const client = await target.openAs(credential, name);
      await client.query(`CREATE TABLE "left ""${index}" (id int); INSERT INTO "left ""${index}" VALUES (${index});
        CREATE VIEW view_${index} AS SELECT * FROM "left ""${index}"; CREATE TYPE mood_${index} AS ENUM ('sad');
        CREATE SEQUENCE seq_${index}; SELECT lo_create(0); ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC`);
      await client.end();
    }
    expect(await revoke(handle)).toMatchObject([revoked]);
    expect(await target.exists(handle)).toBe(false);
    for (const [index, name] of [target.config.clients.database, ...HOSTILE_DATABASES].entries()) {
      const client = await openAsRoot(name);
      expect((await client.query(`SELECT * FROM "left ""${index}"`)).rows).toEqual([{ id: index }]);
      const { rows } = await client.query("SELECT DISTINCT tableowner FROM pg_tables WHERE tablename LIKE 'left%'");
      expect(rows).toEqual([{ tableowner: "phi_graveyard" }]);
      await client.end();
    }
  });

  it("never becomes privileged: functions go, and their triggers with them", async () => {
    const { handle, credential } = await lease();
    const client = await target.openAs(credential);
    await client.query(`
      CREATE FUNCTION backdoor() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM orders';
      CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE PROCEDURE chore() LANGUAGE sql AS '';
      CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int);
      CREATE TRIGGER trap BEFORE UPDATE ON orders EXECUTE FUNCTION trap();
      CREATE VIEW peek AS SELECT * FROM orders; GRANT SELECT ON peek TO PUBLIC`);
    expect((await client.query("SELECT backdoor()")).rowCount).toBe(1);
    expect(await revoke(handle)).toMatchObject([{ ...revoked, sessionsEnded: 1 }]);
    const routines = "SELECT FROM pg_proc WHERE proname IN ('backdoor', 'trap', 'chore', 'total')";
    expect((await target.root.query(routines)).rowCount).toBe(0);
    expect((await target.root.query("SELECT FROM pg_trigger WHERE tgname = 'trap'")).rowCount).toBe(0);

    const other = await lease(roleSchema.parse({ memberOf: ["workshop"] }));
    const session = await target.openAs(other.credential);
    await expect(session.query("SELECT * FROM peek")).rejects.toThrow("permission denied for table orders");
    await session.end();
    expect(await revoke(other.handle)).toMatchObject([revoked]);
  });

  it("stays and is reported when others' things depend on a function of it, until a person has looked", async () => {
    const { handle, credential } = await lease();
    const client = await target.openAs(credential);
    await client.query("CREATE FUNCTION rate() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'");
    await client.end();
    await target.root.query("CREATE TABLE priced (rate int DEFAULT rate())");
    expect(await revoke(handle)).toMatchObject([{ outcome: "failed", step: "clean", fenced: true }]);
    await expect(target.openAs(credential)).rejects.toThrow();
    await target.root.query("DROP TABLE priced");
    expect(await revoke(handle)).toMatchObject([revoked]);
  });

  it("of temporary tables is nothing", async () => {
    const { handle, credential } = await lease();
    const client = await target.openAs(credential);
    await client.query("CREATE TEMP TABLE scratch AS SELECT generate_series(1, 1000)");
    expect(await revoke(handle)).toMatchObject([{ ...revoked, sessionsEnded: 1 }]);
  });

  it("of prepared transactions is nothing", async () => {
    const { handle, credential } = await lease();
    for (const [index, name] of [target.config.clients.database, HOSTILE_DATABASES[0] ?? ""].entries()) {
      const client = await target.openAs(credential, name);
      await client.query(`BEGIN; CREATE TABLE later_${index} (id int); PREPARE TRANSACTION 'it''s ${index}'`);
      await client.end();
    }
    expect(await revoke(handle)).toMatchObject([revoked]);
    expect((await target.root.query("SELECT FROM pg_prepared_xacts")).rowCount).toBe(0);
  });

  it.runIf(isSince16())("cannot be owned by a group, unless the role may SET ROLE", async () => {
    const { handle, credential } = await lease();
    const client = await target.openAs(credential);
    await expect(client.query("SET ROLE workshop")).rejects.toThrow("permission denied to set role");
    const free = await lease(roleSchema.parse({ memberOf: ["workshop"], setRole: true }));
    const session = await target.openAs(free.credential);
    await session.query("SET ROLE workshop");
    expect(await revoke(handle, free.handle)).toMatchObject([revoked, revoked]);
  });
});

describe("a lease that does not want to go", () => {
  it("is ended although it holds the lock of its own role", async () => {
    const { handle, credential } = await lease();
    const client = await target.openAs(credential);
    await client.query("BEGIN; ALTER ROLE CURRENT_USER PASSWORD 'my own for later'");
    const began = performance.now();
    expect(await revoke(handle)).toMatchObject([{ ...revoked, sessionsEnded: 1 }]);
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it("is ended although it changes its own role all the time, on connections it opens again", async () => {
    const { handle, credential } = await lease();
    let storming = true;
    const storm = Array.from({ length: 4 }, async (_, index) => {
      while (storming) {
        const client = await target.openAs(credential).catch(() => undefined);
        for (let ok = client !== undefined; ok && storming; ) {
          const change = client?.query(`ALTER ROLE CURRENT_USER SET work_mem = '${index + 1}MB'; BEGIN;
            ALTER ROLE CURRENT_USER PASSWORD '${credential.environment.reveal().PGPASSWORD}'; SELECT pg_sleep(0.01); COMMIT`);
          ok = (await change?.then(() => true).catch((error: { code?: string }) => error.code === "XX000")) ?? false;
          await client?.query("ROLLBACK").catch(() => undefined);
        }
        await client?.end().catch(() => undefined);
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const outcomes = await revoke(handle);
    const alive = await target.sessions(handle);
    storming = false;
    await Promise.all(storm);
    expect(outcomes).toMatchObject([revoked]);
    expect(alive).toBe(0);
  });

  it("is ended although it was just signing in when its role was closed", async () => {
    const { handle, credential } = await lease();
    // A login reads these settings after it has seen that the role may log in, and before it is listed as a session.
    const gate = await openAsRoot("postgres");
    await gate.query("BEGIN; LOCK TABLE pg_db_role_setting IN ACCESS EXCLUSIVE MODE");
    const arriving = target.openAs(credential).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const revoking = revoke(handle);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await gate.query("COMMIT");
    expect(await revoking).toMatchObject([{ ...revoked, sessionsEnded: 1 }]);
    const session = await arriving;
    if (session !== undefined) await expect(session.query("SELECT 1")).rejects.toThrow();
    await gate.end();
  });

  it("is fenced when something else keeps the role from being dropped, and delays no other", async () => {
    const { handle: held, credential } = await lease();
    const { handle: free } = await lease();
    const session = await target.openAs(credential);
    await target.root.query("BEGIN");
    await target.root.query(`GRANT SELECT ON orders TO ${held.role}`);
    const began = performance.now();
    const [bad, good] = await revoke(held, free);
    expect(bad).toMatchObject({ outcome: "failed", step: "drop", class: "busy", fenced: true });
    expect(good).toMatchObject(revoked);
    expect(performance.now() - began).toBeLessThan(3_000);
    await expect(session.query("SELECT 1")).rejects.toThrow();
    await target.root.query("ROLLBACK");
    expect(await revoke(held)).toMatchObject([revoked]);
  });

  it("is not forgotten when the broker lacks a right, and the others go", async () => {
    const { handle: strange } = await lease();
    const { handle: ours } = await lease();
    await target.root.query(`ALTER ROLE ${strange.role} SUPERUSER`);
    const [bad, good] = await revoke(strange, ours);
    expect(bad).toMatchObject({ outcome: "failed", step: "deny", class: "permission", fenced: false });
    expect(good).toMatchObject(revoked);
    await target.root.query(`ALTER ROLE ${strange.role} NOSUPERUSER`);
    expect(await revoke(strange)).toMatchObject([revoked]);
  });

  it("fails alone among many, whatever it is that fails", async () => {
    const leases = await Promise.all(Array.from({ length: 120 }, () => lease()));
    const [strange, held, owner, busy] = [leases[3], leases[60], leases[61], leases[119]];
    if (!strange || !held || !owner || !busy) throw new Error("too few");
    await target.root.query(`ALTER ROLE ${strange.handle.role} SUPERUSER`);
    const owning = await target.openAs(owner.credential);
    await owning.query("CREATE TABLE left_among_many (id int)");
    const working = await target.openAs(busy.credential);
    await target.root.query("BEGIN");
    await target.root.query(`GRANT SELECT ON orders TO ${held.handle.role}`);
    const outcomes = await revoke(...leases.map(({ handle }) => handle));
    expect(outcomes.flatMap(({ outcome }, place) => (outcome === "revoked" ? [] : [place]))).toEqual([3, 60]);
    expect(outcomes[3]).toMatchObject({ step: "deny", class: "permission", fenced: false });
    expect(outcomes[60]).toMatchObject({ step: "drop", class: "busy", fenced: true });
    expect(outcomes.map((outcome) => (outcome.outcome === "revoked" ? outcome.sessionsEnded : 0))).toEqual(
      leases.map((one) => (one === owner || one === busy ? 1 : 0)),
    );
    await expect(working.query("SELECT 1")).rejects.toThrow();
    await target.root.query("ROLLBACK");
    await target.root.query(`ALTER ROLE ${strange.handle.role} NOSUPERUSER`);
    expect(await revoke(strange.handle, held.handle)).toMatchObject([revoked, revoked]);
  });

  it("is ended, and what it owns is cleared, though the broker was not its member", async () => {
    const { handle, credential } = await lease();
    const session = await target.openAs(credential);
    await session.query("CREATE TABLE orphaned (id int)");
    const member = await target.root.query("SELECT pg_has_role('phi_broker', $1, 'USAGE') AS yes", [handle.role]);
    expect(member.rows).toEqual([{ yes: false }]);
    expect(await revoke(handle)).toMatchObject([{ ...revoked, sessionsEnded: 1 }]);
  });

  it("loses its rights when its session does not end, and is revoked when it does", async () => {
    const { handle, credential } = await lease();
    const session = await target.openAs(credential);
    const { rows } = await session.query("SELECT pg_backend_pid() AS pid");
    process.kill(rows[0].pid, "SIGSTOP");
    const other = await lease();
    const outcomes = await revoke(handle, other.handle);
    const groups = await target.root.query("SELECT FROM pg_auth_members WHERE member = $1::regrole", [handle.role]);
    process.kill(rows[0].pid, "SIGCONT");
    expect(outcomes).toMatchObject([{ outcome: "failed", step: "kill", fenced: false }, revoked]);
    expect(groups.rowCount).toBe(0);
    await expect(session.query("SELECT 1")).rejects.toThrow();
    expect(await revoke(handle)).toMatchObject([revoked]);
  }, 20_000);
});

describe("a create that is still on its way", () => {
  it("keeps a revocation from being final, and is found by the next one", async () => {
    const handle = target.provider.plan("remains", newId("lease"));
    // What issue.ts does, stopped before its commit.
    await target.root.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('${handle.role}', 0));
      CREATE ROLE ${handle.role} LOGIN`);
    const early = await target.provider.revoke(target.config, [{ handle, createBy: 0 }], never);
    expect(early).toEqual([{ outcome: "revoked", sessionsEnded: 0, droppedAfterCreateBy: false }]);
    await target.root.query(`GRANT ${handle.role} TO phi_broker WITH ADMIN OPTION; COMMIT`);
    const late = await target.provider.revoke(target.config, [{ handle, createBy: 0 }], never);
    expect(late).toEqual([{ outcome: "revoked", sessionsEnded: 0, droppedAfterCreateBy: true }]);
    expect(await target.exists(handle)).toBe(false);
  });

  it("creates nothing while its revocation is under way", async () => {
    const leaseId = newId("lease");
    const handle = target.provider.plan("remains", leaseId);
    await target.root.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('${handle.role}', 0))`);
    const at = { createBy: Date.now() + 30_000, expiresAt: Date.now() + 60_000 };
    const order = { config: target.config, role: target.role, leaseId, requestId: "req", principal: "alice", ...at };
    await expect(target.provider.issue(order, handle, never)).rejects.toMatchObject({ code: "target_refused" });
    await target.root.query("COMMIT");
    expect(await target.exists(handle)).toBe(false);
  });
});

describe("a graveyard", () => {
  it("that is missing leaves the lease fenced and says what is missing", async () => {
    const { handle, credential } = await lease();
    const session = await target.openAs(credential);
    await session.query("CREATE TABLE homeless (id int)");
    const config = { ...target.config, graveyard: "no_such_role" };
    const [outcome] = await target.provider.revoke(config, [{ handle, createBy: 0 }], never);
    expect(outcome).toMatchObject({ outcome: "failed", step: "clean", class: "permission", fenced: true });
    expect(outcome).toHaveProperty("message", expect.stringContaining("no_such_role"));
    expect(await revoke(handle)).toMatchObject([revoked]);
  });
});

function isSince16(): boolean {
  return !/\/1[45]\//.test(process.env.PHI_POSTGRES_BIN ?? "");
}
