import { randomText } from "@phi/shared/ids";
import pg from "pg";

/** What a script does that has no broker: no record, no proof, one role after the other. */
export async function createBare(client: pg.Client, role: string, password: string): Promise<void> {
  await client.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}' IN ROLE app_readonly`);
}

export async function endBare(client: pg.Client, role: string): Promise<void> {
  await client.query(`ALTER ROLE ${role} NOLOGIN`);
  await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`);
  await client.query(`DROP ROLE ${role}`);
}

/** Creates and ends roles on each connection for so many ms, and says how many were done per second. */
export async function bareCycles(clients: readonly pg.Client[], forMs: number): Promise<number> {
  const begin = performance.now();
  const counts = await Promise.all(
    clients.map(async (client) => {
      let done = 0;
      for (; performance.now() - begin < forMs; done++) {
        const role = `bare_${randomText(12)}`;
        await createBare(client, role, randomText(38));
        await endBare(client, role);
      }
      return done;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - begin) / 1000);
}

export async function connect(url: string, count: number): Promise<pg.Client[]> {
  const clients = Array.from({ length: count }, () => new pg.Client({ connectionString: url }));
  for (const client of clients) client.on("error", () => undefined); // a session that is ended under us is what is measured
  for (let start = 0; start < count; start += 20)
    await Promise.all(clients.slice(start, start + 20).map((client) => client.connect()));
  return clients;
}
