import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";

let place: Environment;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  place = await startEnvironment();
  [alice, bob] = ["alice", "bob"].map(createPerson) as [Person, Person];
  await alice.signIn(place);
  await bob.signIn(place);
});
afterAll(async () => {
  await alice?.leave();
  await bob?.leave();
  await place?.stop();
});

/** Asks, has it approved, and gives the id. */
async function access(duration = "30m", role = "readonly"): Promise<string> {
  const asked = await alice.phi(["request", "db-prod", "--role", role, "--for", duration, "-m", "INC-42"]);
  const id = asked.stdout.trim();
  expect((await bob.phi(["approve", id, "--yes"])).code).toBe(0);
  return id;
}

async function endAll(): Promise<void> {
  const { requests } = (await alice.json(["requests"])) as { requests: { request: string; mayEnd: boolean }[] };
  for (const { request, mayEnd } of requests) if (mayEnd) await alice.phi(["end", request]);
}
afterEach(endAll);

/** Leases of a request, as the broker tells them. */
async function leases(id: string): Promise<{ handle: string; state: string }[]> {
  return (await alice.json(["show", id])).leases as { handle: string; state: string }[];
}

/** Runs a shell line under the lease and gives what it printed. */
const sh = (line: string, ...flags: string[]) => alice.phi(["exec", ...flags, "--", "sh", "-c", line]);

/** Milliseconds until `look` is true; fails after `patience`. */
async function until(look: () => boolean | Promise<boolean>, patience = 20_000): Promise<void> {
  for (const end = Date.now() + patience; !(await look()); ) {
    if (Date.now() > end) throw new Error("it did not come true in time");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Zombies do not count: in a container nobody may collect an orphan. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}

describe("phi exec", () => {
  test("gives the command a credential of its own and nothing to say, and revokes it when the command ends", async () => {
    const id = await access();
    const ran = await sh(
      'printf "%s %s %s %s" "$PGUSER" "$(printf %s "$PGPASSWORD" | wc -c)" "$PHI_REQUEST" "$PHI_RESOURCE"; [ -n "$PHI_EXPIRES_AT" ]',
    );
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    const [user = "", passwordLength, request, resource] = ran.stdout.split(" ");
    expect(Number(passwordLength)).toBeGreaterThan(20);
    expect([request, resource]).toEqual([id, "db-prod"]);
    expect(await leases(id)).toMatchObject([{ handle: user, state: "revoked" }]);
  });

  test("passes the child's own exit code through, and ends by the signal that ended the child", async () => {
    const id = await access();
    expect((await sh("exit 7")).code).toBe(7);
    expect((await sh("exit 255")).code).toBe(255);
    for (const signal of ["TERM", "KILL", "HUP", "INT", "USR1"] as const) {
      expect(await sh(`kill -${signal} $$`)).toMatchObject({ code: null, signal: `SIG${signal}` });
    }
    // These would dump core, and phi's memory has held a secret.
    expect(await sh("kill -SEGV $$")).toMatchObject({ code: 128 + 11, signal: null });
    expect((await leases(id)).every(({ state }) => state === "revoked")).toBe(true);
  });

  test("makes no credential for a command that is not there (127) or cannot be run (126)", async () => {
    const id = await access();
    const file = path.join(alice.home, "plain");
    writeFileSync(file, "");
    expect(await alice.phi(["exec", "--", "no-such-command"])).toMatchObject({ code: 127, stdout: "" });
    expect(await alice.phi(["exec", "--", file])).toMatchObject({ code: 126, stdout: "" });
    expect(await leases(id)).toEqual([]);
    // One whose interpreter is missing is seen only by the system: its lease is ended as never started.
    writeFileSync(file, "#!/no/such/interpreter\n");
    chmodSync(file, 0o755);
    expect((await alice.phi(["exec", "--", file])).code).toBe(127);
    expect(await leases(id)).toMatchObject([{ state: "revoked" }]);
  });

  test("ends with 125 for all that phi itself could not do, and says what to type next", async () => {
    const nothing = await alice.phi(["exec", "--", "true"]);
    expect(nothing).toMatchObject({ code: 125, stdout: "" });
    expect(nothing.stderr).toMatch(/no approved request.*\n {6}phi request/s);
    const json = await alice.phi(["exec", "db-nowhere", "--json", "--", "true"]);
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: "no_usable_request", exit: 125 } });
    expect((await alice.phi(["exec", "psql"])).stderr).toContain("phi exec -- psql");
    expect((await alice.phi(["exec", "--reqest", "x", "--", "true"])).stderr).toContain("--request");
    const out = await alice.phi(["exec", "--profile", "other", "--", "true"]);
    expect(out).toMatchObject({ code: 125 });
    expect(out.stderr).toContain("phi login --broker URL --profile other");
    const elsewhere = await alice.phi(["exec", "--broker", "http://127.0.0.1:9", "--", "true"]);
    expect(elsewhere.stderr).toContain("phi login --broker http://127.0.0.1:9");
  });

  test("refuses to choose among several requests off a terminal, lists them, and takes one by id, resource or role", async () => {
    const reading = await access("30m", "readonly");
    const writing = await access("30m", "readwrite");
    const ran = await alice.phi(["exec", "--json", "--", "true"]);
    expect(ran.code).toBe(125);
    const { error } = JSON.parse(ran.stderr) as { error: { hint: string; data: { requests: { request: string }[] } } };
    expect(error.data.requests.map(({ request }) => request).sort()).toEqual([reading, writing].sort());
    expect(error.hint).toMatch(/^phi exec --request req_\w+ -- true$/);
    expect((await sh("printf %s $PHI_REQUEST", writing.toUpperCase())).stdout).toBe(writing);
    expect((await sh("printf %s $PHI_REQUEST", "--request", reading)).stdout).toBe(reading);
    expect((await sh("printf %s $PHI_REQUEST", "db-prod", "--role", "readwrite")).stdout).toBe(writing);
    expect((await sh("true", "--role", "owner")).code).toBe(125);
  });

  test("keeps secrets in the command out of the record", async () => {
    const id = await access();
    await alice.phi(["exec", "--", "true", "--password=canary-1", "postgres://u:canary-2@db/x"]);
    const audit =
      (await bob.phi(["audit", "--request", id, "--json"])).stdout +
      (await alice.phi(["audit", "--request", id, "--json"])).stdout;
    expect(audit).toContain("[redacted]");
    expect(audit).not.toContain("canary");
  });

  test("replaces an outer lease's variables and left-over connection settings, and hides phi's token variables", async () => {
    await access();
    const ran = await alice.phi(["exec", "--", "env"], {
      PGSERVICE: "old",
      PGHOSTADDR: "10.0.0.1",
      PHI_REQUEST: "req_outer",
      PHI_TOKEN: "x",
      KEEP: "me",
    });
    expect(ran.stdout).toContain("KEEP=me");
    expect(ran.stdout).not.toMatch(/PGSERVICE|PGHOSTADDR|req_outer|PHI_TOKEN/);
  });

  // With a terminal around this test run, INT would be the terminal's to send to the whole group (pty.test.ts).
  test.each([
    ...["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"],
    ...(hasTerminal() ? [] : ["SIGINT", "SIGQUIT"]),
  ] as NodeJS.Signals[])("hands %s to the child", async (signal) => {
    await access();
    const line = `trap 'echo got; exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`;
    const one = alice.start(["exec", "--", "sh", "-c", line]);
    await one.until(/ready/);
    one.child.kill(signal);
    expect(await one.ended).toMatchObject({ code: 9, stdout: "ready\ngot\n" });
  });
});

describe("the end of access under a running command", () => {
  test("at the end of the window the whole tree is stopped, by force where it must be, and phi ends with 124", async () => {
    const id = await access("4s");
    const pidFile = path.join(alice.home, "pid");
    const began = Date.now();
    // A child that ignores TERM in a child that does not: both are ended.
    const ran = await alice.phi([
      "exec",
      "--",
      "sh",
      "-c",
      `sh -c 'trap "" TERM; echo $$ > ${pidFile}; while :; do sleep 0.1; done' & wait`,
    ]);
    expect(ran.code).toBe(124);
    expect(ran.stderr).toContain("is over");
    expect(Date.now() - began).toBeGreaterThan(3_000);
    expect(isAlive(Number(readFileSync(pidFile, "utf8")))).toBe(false);
    await until(async () => (await leases(id)).every(({ state }) => state === "revoked"));
  });

  test("when it is revoked, the command is stopped with the reason, and phi ends with 124", async () => {
    const id = await access();
    const one = alice.start(["exec", "--", "sh", "-c", "echo ready; exec sleep 60"]);
    await one.until(/ready/);
    expect((await bob.phi(["revoke", id, "--reason", "wrong database"])).code).toBe(0);
    const ran = await one.ended;
    expect(ran.code).toBe(124);
    expect(ran.stderr).toMatch(/taken back.*wrong database/);
  });

  test("a command that fails because its connections were cut ends with 124 and the reason, one that succeeded keeps its 0", async () => {
    const id = await access();
    const [failing, done] = [2, 0].map((code) =>
      alice.start(["exec", "--", "sh", "-c", `echo ready; read go; exit ${code}`]),
    ) as [ReturnType<Person["start"]>, ReturnType<Person["start"]>];
    await Promise.all([failing.until(/ready/), done.until(/ready/)]);
    expect((await bob.phi(["revoke", id, "--reason", "wrong database"])).code).toBe(0);
    // Before the next heartbeat could tell.
    for (const one of [failing, done]) one.child.stdin?.write("go\n");
    expect(await failing.ended).toMatchObject({
      code: 124,
      stderr: expect.stringMatching(/taken back.*wrong database/),
    });
    expect(await done.ended).toMatchObject({ code: 0 });
  });

  test("what nobody could tell the broker it finds out by itself: phi killed with -9, and a broker killed with -9", async () => {
    const id = await access();
    const killed = alice.start(["exec", "--", "sh", "-c", "echo ready; exec sleep 5"]);
    const told = alice.start(["exec", "--", "sh", "-c", "echo ready; read go; exit 3"]);
    await Promise.all([killed.until(/ready/), told.until(/ready/)]);
    killed.child.kill("SIGKILL");
    await place.broker.kill();
    told.child.stdin.end("go\n");
    const ran = await told.ended;
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain("does not answer");
    expect(await alice.phi(["exec", "--", "true"])).toMatchObject({ code: 125, stdout: "" });
    await place.restartBroker();
    await until(async () => (await leases(id)).every(({ state }) => state === "revoked"), 60_000);
  }, 90_000);
});

describe("phi env", () => {
  test("gives a script a credential that lives until it is given back", async () => {
    const id = await access();
    const env = await alice.phi(["env", "db-prod"]);
    expect(env).toMatchObject({ code: 0, stderr: "" });
    const ran = execFileSync("/bin/sh", ["-c", `${env.stdout}\nprintf '%s|%s' "$PGUSER" "$PHI_REQUEST"`], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [user, request] = ran.split("|");
    expect(request).toBe(id);
    expect(await leases(id)).toMatchObject([{ handle: user, state: "active" }]);
    await alice.phi(["end", id]);
    await until(async () => (await leases(id)).every(({ state }) => state === "revoked"));
  });

  test("writes one JSON value with --json, and fish's words for fish", async () => {
    await access();
    expect(await alice.json(["env"])).toMatchObject({ environment: { PHI_RESOURCE: "db-prod" }, unset: [] });
    expect((await alice.phi(["env", "--shell", "fish"])).stdout).toContain("set -gx PGUSER '");
    expect((await alice.phi(["env", "--shell", "tcsh"])).code).toBe(2);
  });

  test("keeps the exit codes of every other command", async () => {
    expect((await alice.phi(["env"])).code).toBe(5);
    expect((await alice.phi(["env", "--profile", "other"])).code).toBe(4);
  });
});

test("phi prompt says resource and time left from the environment, and nothing outside", async () => {
  const soon = new Date(Date.now() + 12.5 * 60_000).toISOString();
  expect(await alice.phi(["prompt"], { PHI_RESOURCE: "db-prod", PHI_EXPIRES_AT: soon })).toMatchObject({
    code: 0,
    stdout: "db-prod 12m\n",
  });
  expect(await alice.phi(["prompt"])).toMatchObject({ code: 0, stdout: "", stderr: "" });
});

/** Whether this test run itself has a controlling terminal. */
function hasTerminal(): boolean {
  if (os.platform() !== "linux") return process.stdin.isTTY === true;
  const stat = readFileSync("/proc/self/stat", "latin1");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[4] !== "0";
}
