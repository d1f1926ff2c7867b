import { newId } from "@phi/shared/ids";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PostgresHandle } from "./handle.js";
import { type PostgresTarget, startPostgresTarget } from "./postgres-target.testing.js";
import { type PostgresRole, roleSchema } from "./role.js";

const never = new AbortController().signal;
const revoked = { outcome: "revoked" };

let target: PostgresTarget;
beforeAll(async () => {
  target = await startPostgresTarget();
});
afterAll(() => target?.stop());

/** PostgreSQL 16 is the first that has something to be kept from walking. */
const since16 = !/\/1[45]\//.test(process.env.PHI_POSTGRES_BIN ?? "");

async function issue(
  tag: string,
  role: PostgresRole = target.role,
  createBy = Date.now() + 30_000,
  config = target.config,
) {
  const leaseId = newId("lease");
  const handle = target.provider.plan(tag, leaseId);
  const at = { createBy, expiresAt: Date.now() + 60_000 };
  const order = { config, role, leaseId, requestId: newId("request"), principal: "alice", ...at };
  return { handle, credential: await target.provider.issue(order, handle, never) };
}

const revoke = (handles: readonly PostgresHandle[]) =>
  target.provider.revoke(
    target.config,
    handles.map((handle) => ({ handle, createBy: Date.now() + 30_000 })),
    never,
  );

const ask = async (sql: string, ...values: unknown[]) => (await target.root.query(sql, values)).rows;
const count = async (sql: string, ...values: unknown[]) =>
  Number((await ask(`SELECT count(*)::int AS n ${sql}`, ...values))[0]?.n);

describe.runIf(since16)("the broker's account", () => {
  it("is a member of no more roles with many leases than with few", async () => {
    const membershipsOf = "FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE m.member = $1::regrole";
    const many = [];
    for (let round = 0; round < 40; round++) many.push(await issue("many"));
    expect(await count(`${membershipsOf} AND r.rolname ~ '^phi_many_[a-z0-9]{16}$'`, "phi_broker")).toBe(0);
    expect(await count("FROM pg_roles WHERE rolname ~ '^phi_many_keeper[0-9]{2}$'")).toBe(32);
    const busiest = await ask(
      `SELECT max(n)::int AS n FROM (SELECT count(*) AS n FROM pg_auth_members
         WHERE roleid IN (SELECT oid FROM pg_roles WHERE rolname ~ '^phi_many_[a-z0-9]{16}$') GROUP BY member) AS kept`,
    );
    expect(busiest).toEqual([{ n: 2 }]); // 40 leases, 32 keepers
    const outcomes = await revoke(many.map(({ handle }) => handle));
    expect(outcomes.filter(({ outcome }) => outcome !== "revoked")).toEqual([]);
  });

  it("has the rights of a lease only while it ends its sessions", async () => {
    const { handle } = await issue("rights");
    expect(await ask("SELECT pg_has_role('phi_broker', $1, 'USAGE') AS yes", handle.role)).toEqual([{ yes: false }]);
    await expect(
      target.provider.check(target.config, [target.role], never).then((findings) => findings.map((f) => f.message)),
    ).resolves.toEqual([]);
    expect(await revoke([handle])).toMatchObject([revoked]);
  });

  it("revokes together what it made by itself, and what keepers made", async () => {
    const old = target.provider.plan("mixed", newId("lease"));
    const account = await target.open(...accountOf(target), target.config.clients.database);
    await account.query(`CREATE ROLE ${old.role} LOGIN PASSWORD 'secret'; GRANT app_readonly TO ${old.role};
      GRANT ${old.role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`);
    await account.end();
    const session = await target.open(old.role, "secret", target.config.clients.database);
    const kept = await issue("mixed");
    const keptSession = await target.openAs(kept.credential);
    expect(await revoke([old, kept.handle])).toMatchObject([
      { ...revoked, sessionsEnded: 1 },
      { ...revoked, sessionsEnded: 1 },
    ]);
    await expect(session.query("SELECT 1")).rejects.toThrow();
    await expect(keptSession.query("SELECT 1")).rejects.toThrow();
  });
});

describe.runIf(since16)("a keeper", () => {
  it("that lacks a group, or is gone, is made whole by the next lease", async () => {
    await revoke([(await issue("heal")).handle]);
    for (const { name } of await ask("SELECT rolname AS name FROM pg_roles WHERE rolname ~ '^phi_heal_keeper'"))
      await target.root.query(`DROP OWNED BY ${name}; REVOKE app_readonly FROM ${name} CASCADE`);
    const issued = [await issue("heal"), await issue("heal", target.readwrite)];
    for (const { credential } of issued) {
      const session = await target.openAs(credential);
      expect((await session.query("SELECT FROM orders LIMIT 1")).rowCount).toBe(1);
      await session.end();
    }
    expect(await revoke(issued.map(({ handle }) => handle))).toMatchObject([revoked, revoked]);

    await target.root.query(farewell("heal"));
    expect(await revoke([(await issue("heal")).handle])).toMatchObject([revoked]);
  });

  it("that somebody else made is not used, and gets no right to hand out anything", async () => {
    await target.root.query("CREATE ROLE squatter LOGIN CREATEROLE PASSWORD 'secret'");
    const squatter = await target.open("squatter", "secret", "postgres");
    for (let n = 0; n < 32; n++) {
      const name = `phi_squat_keeper${String(n).padStart(2, "0")}`;
      await squatter.query(
        `CREATE ROLE ${name} CREATEROLE; GRANT ${name} TO phi_broker WITH ADMIN TRUE, INHERIT TRUE, SET TRUE`,
      );
    }
    const { handle, credential } = await issue("squat", target.role, undefined, { ...target.config });
    await (await target.openAs(credential)).end();
    expect(await ask("SELECT pg_has_role('squatter', 'app_readonly', 'MEMBER WITH ADMIN OPTION') AS yes")).toEqual([
      { yes: false },
    ]);
    await expect(squatter.query(`GRANT ${handle.role} TO squatter`)).rejects.toThrow("permission denied");
    expect(await revoke([handle])).toMatchObject([revoked]);
    await squatter.end();
  });

  it("loses a group with the account, and so do the leases, by what the documentation says", async () => {
    await target.root.query(
      "CREATE ROLE lent NOLOGIN; GRANT lent TO phi_broker WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
    );
    const { handle } = await issue("lent", roleSchema.parse({ memberOf: ["lent"] }));
    const members = "FROM pg_auth_members WHERE roleid = 'lent'::regrole AND member <> 'postgres'::regrole";
    expect(await count(members)).toBe(34); // the account, 32 keepers, the lease
    await target.root.query("REVOKE lent FROM phi_broker CASCADE");
    expect(await count(members)).toBe(0);
    expect(await revoke([handle])).toMatchObject([revoked]);
  });

  it("is removed, when the broker is, by what the documentation says", async () => {
    const { handle } = await issue("leaving");
    await revoke([handle]);
    const account = await target.open(...accountOf(target), target.config.clients.database);
    await account.query(farewell("leaving"));
    await account.end();
    expect(await ask("SELECT rolname FROM pg_roles WHERE rolname ~ '^phi_leaving_'")).toEqual([]);
  });
});

describe("orders that come at the same moment", () => {
  it("are answered each by itself: one that is too late fails alone", async () => {
    const late = 3;
    const answers = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => issue("crowd", target.role, index === late ? Date.now() - 1 : undefined)),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      answers.map((_, index) => (index === late ? "rejected" : "fulfilled")),
    );
    const failed = answers[late];
    expect(failed?.status === "rejected" && failed.reason).toMatchObject({ code: "target_refused" });
    const handles = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.handle] : []));
    expect((await revoke(handles)).filter(({ outcome }) => outcome !== "revoked")).toEqual([]);
    expect(await ask("SELECT rolname FROM pg_roles WHERE rolname ~ '^phi_crowd_[a-z0-9]{16}$'")).toEqual([]);
  });

  it("each get the rights of their own role and no more", async () => {
    const issued = await Promise.all(
      Array.from({ length: 8 }, (_, index) => issue("crowd", index % 2 === 0 ? target.role : target.readwrite)),
    );
    for (const [index, { credential }] of issued.entries()) {
      const session = await target.openAs(credential);
      const write = session.query("UPDATE orders SET status = status WHERE false");
      if (index % 2 === 0) await expect(write).rejects.toThrow("permission denied");
      else await write;
      await session.end();
    }
    await revoke(issued.map(({ handle }) => handle));
  });
});

/** Who the broker's account is. */
function accountOf({ config }: PostgresTarget): [string, string] {
  const { user, password } = config.admin.reveal();
  return [user, password];
}

/** As docs/postgres.md has it. */
function farewell(tag: string): string {
  return `DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT rolname FROM pg_roles WHERE rolname ~ ${pg.escapeLiteral(`^phi_${tag}_(keeper[0-9]{2}|anchor)$`)} LOOP
      EXECUTE format('DROP OWNED BY %I', name);
      EXECUTE format('DROP ROLE %I', name);
    END LOOP;
  END $$`;
}
