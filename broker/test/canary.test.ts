import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Arena, approvedRequest, auditOf, issue, openArena, openSession, type Voice } from "./arena.testing.js";

let arena: Arena;
let alice: Voice;
let bob: Voice;
beforeAll(async () => {
  arena = await openArena();
  [alice, bob] = await Promise.all([arena.signIn("alice"), arena.signIn("bob")]);
});
afterAll(() => arena?.close());

/** All bytes of all files under the folder. */
function filesUnder(folder: string): { path: string; bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, bytes: readFileSync(path) }));
}

/** The command lines and, where they can be read, the environments of all processes but this one. */
function commandLines(): string {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        return "";
      }
    })
    .join("\n");
}

it("no secret is in the database, a log, an audit event, an answer but its own, or a command line, whatever went wrong", async () => {
  const request = await approvedRequest(alice, bob);
  const secrets: string[] = [alice.token, bob.token, arena.adminSecret];
  const answers: unknown[] = [];

  for (let round = 0; round < 5; round++) {
    const lease = await issue(alice, request, round === 4 ? "window" : "command");
    const secret = lease.environment.PGPASSWORD ?? "";
    expect(secret.length).toBeGreaterThanOrEqual(32);
    secrets.push(secret);
    const { client } = await openSession(lease);
    await client.query("select count(*) from orders");
    await expect(client.query("delete from orders")).rejects.toThrow(/permission denied/);
    await client.end();
    answers.push((await alice.call("POST", `/v1/leases/${lease.lease}/heartbeat`)).body);
    if (round < 3)
      answers.push(
        (await alice.call("POST", `/v1/leases/${lease.lease}/end`, { exitCode: 1, because: "command_ended" })).body,
      );
  }
  // What goes wrong must not tell either: a wrong token, malformed JSON with a secret in it, a target that is down.
  answers.push((await arena.call(`${alice.token.slice(0, -1)}_`, "GET", "/v1/me")).body);
  answers.push((await arena.call(alice.token, "POST", "/v1/requests", `{"resource": "${alice.token}`)).body);
  answers.push(
    (await arena.call(undefined, "POST", "/v1/sign-ins", { idToken: `not.a.token.${"x".repeat(30)}`, host: "h" })).body,
  );
  arena.proxy.refuse();
  answers.push(
    (await alice.call("POST", "/v1/leases", { request: request.request, use: "command", command: ["psql"], host: "h" }))
      .body,
  );
  arena.proxy.pass();
  answers.push((await alice.call("POST", `/v1/requests/${request.request}/end`, {})).body);
  answers.push(await auditOf(await arena.signIn("carol")));

  const places = [
    ...filesUnder(arena.folder),
    { path: "the PostgreSQL server's log", bytes: readFileSync(arena.postgres.logFile) },
    { path: "answers of the broker", bytes: Buffer.from(JSON.stringify(answers)) },
    { path: "command lines", bytes: Buffer.from(commandLines()) },
  ];
  expect(places.some(({ path, bytes }) => path.endsWith("phi.db") && bytes.length > 0)).toBe(true);
  expect(
    places.some(({ path, bytes }) => path.endsWith("phi.db-wal") && bytes.includes(request.request)),
    "the search sees what is written",
  ).toBe(true);
  for (const secret of secrets) {
    for (const { path, bytes } of places) {
      expect(bytes.includes(secret), `a secret in ${path}`).toBe(false);
      expect(bytes.includes(encodeURIComponent(secret)), `a secret in ${path}`).toBe(false);
    }
  }
});
