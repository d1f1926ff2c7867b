import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPerson, type Person, type Running } from "./person.testing.js";

// Kept by the test, so that the broker finds its ledger again after it was killed.
const stateDir = mkdtempSync(join(tmpdir(), "phi-request-"));
let place: Environment;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  chmodSync(stateDir, 0o711); // PostgreSQL does not run as root: its account must be able to pass through
  place = await startEnvironment({ stateDir });
  alice = createPerson("alice");
  bob = createPerson("bob");
  await alice.signIn(place);
  await bob.signIn(place);
});
afterAll(async () => {
  await alice?.leave();
  await bob?.leave();
  await place?.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

const order = ["request", "db-prod", "--role", "readonly", "--for", "30m", "--reason", "INC-42"];

async function pending(): Promise<string> {
  const ran = await alice.phi(order);
  expect(ran.code).toBe(8);
  return ran.stdout.trim();
}

/** The id that a waiting phi has printed. Its two streams arrive in any order. */
async function idWhileWaiting(one: Running): Promise<string> {
  await one.until(/waiting for group:db-leads/);
  await one.until(/^req_\w{12}$/m);
  return one.stdout().trim();
}

describe("phi resources", () => {
  test("lists role, longest duration and who answers, one line each when piped", async () => {
    const ran = await alice.phi(["resources"]);
    expect(ran.stdout.split("\n")[0]).toBe(
      "db-prod\treadonly\t4h\t1 yes from group:db-leads\trequired\torders database",
    );
    expect(await alice.json(["resources"])).toMatchObject({ resources: [{ resource: "db-prod", kind: "postgres" }] });
  });
});

describe("phi request", () => {
  test("off a terminal gives the id and returns at once with 8", async () => {
    const ran = await alice.phi(order);
    expect(ran.code).toBe(8);
    expect(ran.stdout).toMatch(/^req_[0-9a-z]{12}\n$/);
    expect(ran.stderr).toContain("phi show --wait req_");
  });

  test.each([
    [
      "a role that does not exist",
      ["request", "db-prod", "--role", "readonl", "--for", "5m", "-m", "x"],
      1,
      "readonly",
    ],
    [
      "a resource that does not exist",
      ["request", "db-prd", "--role", "readonly", "--for", "5m", "-m", "x"],
      1,
      "db-prod",
    ],
    ["a missing role where there are several", ["request", "db-prod", "--for", "5m", "-m", "x"], 2, "--role"],
    ["a missing reason", ["request", "db-prod", "--role", "readonly", "--for", "5m"], 5, "--reason"],
    ["a duration above the policy's", ["request", "db-prod", "--role", "readonly", "--for", "9h", "-m", "x"], 5, "4h"],
    ["a duration that is none", ["request", "db-prod", "--role", "readonly", "--for", "3x", "-m", "x"], 2, "30m"],
    ["a missing duration", ["request", "db-prod", "--role", "readonly", "-m", "x"], 2, "--for"],
    ["a missing resource", ["request", "--for", "5m"], 2, "the resource"],
    [
      "a reason with a terminal sequence",
      ["request", "db-prod", "--role", "readonly", "--for", "5m", "-m", "a\u001b[31mb"],
      2,
      "--reason",
    ],
    [
      "a reason that changes direction",
      ["request", "db-prod", "--role", "readonly", "--for", "5m", "-m", "a\u202eb"],
      2,
      "--reason",
    ],
    [
      "a reason that is too long",
      ["request", "db-prod", "--role", "readonly", "--for", "5m", "-m", "x".repeat(501)],
      2,
      "500",
    ],
    ["an unknown flag", ["request", "db-prod", "--fo", "5m"], 2, "--for"],
    ["--timeout with --no-wait", [...order, "--no-wait", "--timeout", "5s"], 2, "--no-wait"],
  ])("%s is refused with the way on, and asks nothing", async (_name, args, code, words) => {
    const before = (await alice.json(["requests", "--limit", "500"])).requests as unknown[];
    const ran = await alice.phi(args);
    expect([ran.code, ran.stdout]).toEqual([code, ""]);
    expect(ran.stderr).toContain(words);
    const after = (await alice.json(["requests", "--limit", "500"])).requests as unknown[];
    expect(after.length).toBe(before.length);
  });

  test("--wait ends with 0 when it is approved, and says what comes next", async () => {
    const one = alice.start([...order, "--wait"]);
    const id = await idWhileWaiting(one);
    expect((await bob.phi(["approve", id, "--yes", "-m", "ok, watch replication"])).code).toBe(0);
    const ran = await one.ended;
    expect(ran.code).toBe(0);
    expect(ran.stdout).toBe(`${id}\n`);
    expect(ran.stderr).toContain('approved by bob: "ok, watch replication"');
    expect(ran.stderr).toContain("phi exec db-prod -- psql");
    await alice.phi(["end", id]);
  });

  test("--wait ends with 3 and the reason when it is denied, and with 1 when it is withdrawn", async () => {
    const denied = alice.start([...order, "--wait", "--json"]);
    await denied.until(/waiting for/);
    const [id] = ((await bob.json(["requests", "--to-approve", "--limit", "1"])).requests as { request: string }[]).map(
      (view) => view.request,
    );
    expect((await bob.phi(["deny", id ?? "", "--reason", "use the replica", "--yes"])).code).toBe(0);
    const ran = await denied.ended;
    expect(ran.code).toBe(3);
    expect(JSON.parse(ran.stdout)).toMatchObject({ request: id, state: "denied" });
    expect(ran.stderr).toContain("use the replica");

    const withdrawn = alice.start([...order, "--wait"]);
    expect((await alice.phi(["withdraw", await idWhileWaiting(withdrawn)])).code).toBe(0);
    expect((await withdrawn.ended).code).toBe(1);
  });

  test("--timeout ends the waiting with 6 and leaves the request open", async () => {
    const ran = await alice.phi([...order, "--timeout", "1s"]);
    expect(ran.code).toBe(6);
    expect(await alice.json(["show", ran.stdout.trim()])).toMatchObject({ state: "pending" });
  });

  test("Ctrl-C while waiting detaches: the request stays open, and how to wait on is said", async () => {
    const one = alice.start([...order, "--wait"]);
    const id = await idWhileWaiting(one);
    one.child.kill("SIGINT");
    const ran = await one.ended;
    expect(ran.code).toBe(8);
    expect(ran.stderr).toContain(`phi show --wait ${id}`);
    expect(await alice.json(["show", id])).toMatchObject({ state: "pending" });
  });

  test("waiting outlives a broker that is killed and comes back", async () => {
    const id = await pending();
    const one = alice.start(["show", "--wait", id]);
    await one.until(/waiting for/);
    await place.broker.kill();
    await place.restartBroker();
    expect((await bob.phi(["approve", id, "--yes"])).code).toBe(0);
    expect((await one.ended).code).toBe(0);
    await alice.phi(["end", id]);
  });

  test("a decision that fell before the waiting began is seen", async () => {
    const id = await pending();
    await bob.phi(["deny", id, "--reason", "no", "--yes"]);
    expect((await alice.phi(["show", "--wait", id])).code).toBe(3);
  });
});

describe("phi requests and show", () => {
  test("a shortened id in any case means its request; one that is too short or of nobody is said", async () => {
    const id = await pending();
    expect(await alice.json(["show", id.slice(0, 10).toUpperCase()])).toMatchObject({ request: id });
    expect(await alice.json(["show", id.slice(4)])).toMatchObject({ request: id });
    expect((await alice.phi(["show", "req_0"])).code).toBe(2);
    expect((await alice.phi(["show", "req_000000000000"])).code).toBe(1);
  });

  test("filters by state and scope, and reads on up to the limit", async () => {
    await pending();
    const { requests } = (await alice.json(["requests", "--state", "pending", "--limit", "1"])) as {
      requests: { state: string }[];
    };
    expect(requests).toHaveLength(1);
    expect(requests[0]?.state).toBe("pending");
    expect((await alice.phi(["requests", "--state", "pendin"])).stderr).toContain("pending");
    expect((await alice.phi(["requests", "--all", "--mine"])).code).toBe(2);
    expect((await alice.phi(["requests", "--all"])).code).toBe(5);
  });
});
