import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Orders, seedOrders } from "./orders.js";
import { type Postgres, startPostgres } from "./postgres.js";

let postgres: Postgres;
let orders: Orders;
beforeAll(async () => {
  postgres = await startPostgres();
  orders = await seedOrders(postgres);
});
afterAll(() => postgres?.stop());

async function as<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {}); // ended by the server on purpose in some tests
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const broker = (sql: string) => as(orders.brokerUrl, (client) => client.query(sql));
const member = postgresMember();

/** Makes a lease-like role below the group, as the broker does, and gives its connection string. */
function postgresMember(): (name: string, group: string) => Promise<string> {
  return async (name, group) => {
    const options = postgres.majorVersion >= 16 ? "WITH INHERIT TRUE, SET TRUE" : "";
    await broker(
      `CREATE ROLE ${name} LOGIN PASSWORD 'secret' IN ROLE ${group}; GRANT ${name} TO CURRENT_USER ${options}`,
    );
    return postgres.url(name, "secret", orders.database);
  };
}

// First, while the broker has nothing out: it inherits the rights of the leases it has made until it revokes them.
test("phi_broker is nobody special", async () => {
  const [attributes] = (
    await broker(
      "SELECT rolsuper, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = CURRENT_USER",
    )
  ).rows;
  expect(attributes).toEqual({ rolsuper: false, rolcreatedb: false, rolreplication: false, rolbypassrls: false });
  await expect(broker("ALTER ROLE postgres NOLOGIN")).rejects.toMatchObject({ code: "42501" });
  await expect(broker("ALTER ROLE phi_broker SUPERUSER")).rejects.toMatchObject({ code: "42501" });
  await expect(broker("CREATE TABLE public.mine ()")).rejects.toMatchObject({ code: "42501" });
  if (postgres.majorVersion < 16) return; // before 16 CREATEROLE reaches every role that is not a superuser
  for (const sql of [
    "SELECT FROM orders",
    "SET ROLE app_readwrite",
    "GRANT app_owner TO phi_broker",
    "GRANT pg_read_all_data TO phi_broker",
  ]) {
    await expect(broker(sql), sql).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|42P01)$/) });
  }
});

test("a member of app_readonly reads orders and can neither write nor create anything", async () => {
  const url = await member("reader", "app_readonly");
  await as(url, async (client) => {
    expect((await client.query("SELECT count(*)::int AS n FROM orders")).rows).toEqual([{ n: 48 }]);
    for (const sql of [
      "UPDATE orders SET status = 'paid'",
      "DELETE FROM orders",
      "INSERT INTO orders DEFAULT VALUES",
      "TRUNCATE orders",
      "CREATE TABLE mine ()",
      "CREATE TEMP TABLE mine ()",
      "CREATE SCHEMA mine",
    ]) {
      await expect(client.query(sql), sql).rejects.toMatchObject({ code: "42501" });
    }
  });
});

test("a member of app_readwrite changes rows, and not the table", async () => {
  const url = await member("writer", "app_readwrite");
  await as(url, async (client) => {
    expect((await client.query("UPDATE orders SET status = 'shipped' WHERE status = 'stuck'")).rowCount).toBe(4);
    await client.query(
      "INSERT INTO orders (customer, item, quantity, total, status, ordered_at) VALUES ('Gray', 'lamp', 1, 1, 'paid', now())",
    );
    for (const sql of [
      "DROP TABLE orders",
      "ALTER TABLE orders ADD x int",
      "TRUNCATE orders",
      "GRANT SELECT ON orders TO PUBLIC",
    ]) {
      await client.query(sql).then(
        ({ command }) => expect(command, sql).toBe("GRANT"), // PostgreSQL warns and grants nothing
        (error) => expect(error.code, sql).toBe("42501"),
      );
    }
  });
});

test("phi_broker can take back what it gave: sign-in, sessions, objects and the role", async () => {
  const url = await member("leaver", "app_readonly");
  await as(url, async (session) => {
    const cut = new Promise((resolve) => session.once("error", resolve));
    await broker("ALTER ROLE leaver NOLOGIN");
    await broker("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'leaver'");
    await cut;
    await broker("REASSIGN OWNED BY leaver TO phi_graveyard; DROP OWNED BY leaver; DROP ROLE leaver");
    expect((await broker("SELECT FROM pg_roles WHERE rolname = 'leaver'")).rowCount).toBe(0);
  });
});

test("phi_graveyard has no rights and no members that could use them", async () => {
  const { rows } = await as(postgres.adminUrl, (client) =>
    client.query(`
      SELECT rolcanlogin, (SELECT count(*)::int FROM pg_shdepend WHERE refobjid = r.oid AND deptype = 'a') AS rights
      FROM pg_roles r WHERE rolname = 'phi_graveyard'`),
  );
  expect(rows).toEqual([{ rolcanlogin: false, rights: 0 }]);
});

test("seeding again keeps the rows and gives a new password", async () => {
  const count = () =>
    as(
      postgres.url("postgres", decodeURIComponent(new URL(postgres.adminUrl).password), orders.database),
      async (client) => {
        return (await client.query("SELECT count(*)::int AS n FROM orders")).rows[0].n;
      },
    );
  const before = await count();
  const again = await seedOrders(postgres);
  expect(await count()).toBe(before);
  expect(again.brokerUrl).not.toBe(orders.brokerUrl);
  await expect(broker("SELECT 1")).rejects.toMatchObject({ code: "28P01" });
  orders = again;
  await broker("SELECT 1");
});
