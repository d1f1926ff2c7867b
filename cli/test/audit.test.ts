import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { auditEvent } from "@phi/shared/contract/audit-event";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";

let place: Environment;
let alice: Person;
let bob: Person;
let carol: Person;
let id: string;

beforeAll(async () => {
  place = await startEnvironment();
  [alice, bob, carol] = ["alice", "bob", "carol"].map(createPerson) as [Person, Person, Person];
  for (const person of [alice, bob, carol]) await person.signIn(place);
  id = (await alice.phi(["request", "db-prod", "--role", "readonly", "--for", "10m", "-m", "INC-7"])).stdout.trim();
  await bob.phi(["approve", id, "--yes"]);
  expect((await alice.phi(["exec", "--", "true"])).code).toBe(0);
  await alice.phi(["end", id]);
});
afterAll(async () => {
  for (const person of [alice, bob, carol]) await person?.leave();
  await place?.stop();
});

const events = (stdout: string) =>
  stdout
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => auditEvent.parse(JSON.parse(line)));

describe("phi audit", () => {
  test("tells the story of one request in order, whole or shortened id", async () => {
    const story = events((await carol.phi(["audit", "--request", id, "--json"])).stdout);
    const kinds = story.map((event) => event.kind);
    const order = [
      "request.created",
      "request.approved",
      "lease.planned",
      "lease.issued",
      "session.started",
      "session.ended",
      "lease.revoked",
      "request.ended",
    ] as const;
    expect(order.map((kind) => kinds.indexOf(kind))).not.toContain(-1);
    expect(kinds.indexOf("lease.planned")).toBeLessThan(kinds.indexOf("lease.issued"));
    expect(kinds.indexOf("lease.issued")).toBeLessThan(kinds.indexOf("lease.revoked"));
    expect(events((await carol.phi(["audit", "--request", id.slice(0, 9), "--json"])).stdout)).toEqual(story);
  });

  test("tells it to people as a timeline: who, what, how long, and what it came to", async () => {
    const told = (await carol.phi(["audit", "--request", id], { TZ: "Asia/Kolkata" })).stdout;
    const lines = told.trimEnd().split("\n");
    expect(lines[0]).toContain(`alice: db-prod as readonly for 10m  ${id}`);
    const order = [
      /^\d{4}-\d\d-\d\d \+05:30$/,
      /alice +asked for readonly on db-prod for 10m: “INC-7”/,
      /bob +approved \(1 of 1\)/,
      /the window began; it ends at \d\d:\d\d:\d\d/,
      /alice +ran true on /,
      /alice +true ended with 0 after /,
      /phi +proved phi_\w+ dead after \d/,
      /alice +gave the access back/,
    ].map((pattern) => lines.findIndex((line) => pattern.test(line)));
    expect(order).not.toContain(-1);
    expect(order.slice(0, 3)).toEqual([...order.slice(0, 3)].sort((a, b) => a - b));
    expect(lines.at(-1)).toMatch(
      /^Answered in \d+s · open for \d+s · 1 command · ended \(given back\) · every credential is proven dead\.$/,
    );
  });

  test("filters by actor, resource, kind, outcome, text and time", async () => {
    const by = async (...args: string[]) => events((await carol.phi(["audit", "--json", ...args])).stdout);
    expect(new Set((await by("--actor", "bob")).map((event) => event.actor?.name))).toEqual(new Set(["bob"]));
    expect((await by("--kind", "lease")).every((event) => event.kind.startsWith("lease."))).toBe(true);
    expect(await by("--resource", "no-such")).toEqual([]);
    expect(await by("--until", "1d")).toEqual([]);
    const all = await by();
    expect(all.map((event) => event.seq)).toEqual(all.map((_, index) => index + 1));
    expect((await by("--text", "inc-7")).map((event) => event.kind)).toEqual(["request.created"]);
    expect(await by("--text", "duration")).toEqual([]);
    expect((await alice.phi(["approve", id, "--yes"])).code).not.toBe(0);
    const refused = await by("--outcome", "refused");
    expect(new Set(refused.map((event) => event.kind))).toEqual(new Set(["approval.refused"]));
    expect(await by("--outcome", "refused", "--kind", "lease")).toEqual([]);
  });

  test("a limit keeps the newest, in the order of time, and says that there are older ones", async () => {
    const all = events((await carol.phi(["audit", "--json"])).stdout);
    const last = events((await carol.phi(["audit", "--json", "--limit", "3"])).stdout);
    expect(last).toEqual(all.slice(-3));
    const ran = await carol.phi(["audit", "--limit", "2", "--utc"]);
    const lines = ran.stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.split("\t")[2])).toEqual(all.slice(-2).map((event) => event.kind));
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\t/);
    expect(ran.stderr).toContain("There are older ones");
    expect((await carol.phi(["audit"])).stderr).toBe("");
    const none = await carol.phi(["audit", "--until", "1d", "--since", "2d"]);
    expect([none.code, none.stdout]).toEqual([0, ""]);
    expect(none.stderr).toContain("No events");
  });

  test("times are this machine's with their offset", async () => {
    const ran = await carol.phi(["audit", "--limit", "1"], { TZ: "Asia/Kolkata" });
    expect(ran.stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+05:30\t/);
  });

  test("following goes on over a restart of the broker, each event once and in order", async () => {
    const before = events((await carol.phi(["audit", "--json"])).stdout);
    const following = carol.start(["audit", "--follow", "--limit", "1", "--json"]);
    await following.until(/Following/);
    const first = (
      await alice.phi(["request", "db-prod", "--role", "readonly", "--for", "10m", "-m", "one"])
    ).stdout.trim();
    await following.until(new RegExp(first));
    await place.broker.kill();
    await place.restartBroker();
    const second = (
      await alice.phi(["request", "db-prod", "--role", "readonly", "--for", "10m", "-m", "two"])
    ).stdout.trim();
    await following.until(new RegExp(second));
    following.child.kill("SIGINT");
    const ran = await following.ended;
    expect(ran.code).toBe(0);
    const seqs = events(ran.stdout).map((event) => event.seq);
    expect(seqs).toEqual(seqs.map((_, index) => before.length + index));
    for (const request of [first, second]) await alice.phi(["withdraw", request]);
  });

  test("an export holds everything the reader may see, itself included, and only them", async () => {
    const all = events((await carol.phi(["audit", "--json"])).stdout);
    const whole = await carol.phi(["audit", "export"]);
    expect(whole.code).toBe(0);
    // The whole log begins with its signed checkpoint.
    const [checkpoint = "", ...lines] = whole.stdout.split("\n");
    expect(JSON.parse(checkpoint)).toEqual({ checkpoint: expect.stringMatching(/^phi\.audit\//) });
    const exported = events(lines.join("\n"));
    expect(exported.slice(0, -1)).toEqual(all);
    expect(exported.at(-1)).toMatchObject({ kind: "log.exported", actor: { name: "carol" } });
    expect(whole.stderr).toBe(`${all.length + 1} events.\n`);
    const own = events((await bob.phi(["audit", "export"])).stdout);
    expect(new Set(own.map((event) => event.actor?.name))).toEqual(new Set(["bob"]));
    const some = events((await carol.phi(["audit", "export", "--kind", "lease", "--request", id.slice(0, 9)])).stdout);
    expect(some).toEqual(all.filter((event) => event.kind.startsWith("lease.") && event.request === id));
  });

  test("an export into a file is for its reader only, whole, and takes no other's place", async () => {
    const file = join(carol.home, "log.csv");
    const ran = await carol.phi(["audit", "export", "--format", "csv", "-o", file]);
    expect(ran.stdout).toBe("");
    const text = readFileSync(file, "utf8");
    expect(ran.stderr).toBe(`${text.split("\r\n").length - 2} events in ${file}.\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await carol.phi(["audit", "export", "-o", file]);
    expect([again.code, readFileSync(file, "utf8")]).toEqual([1, text]);
    expect(again.stderr).toContain("name another file");
  });

  test.each([
    [["--since", "yesterday"], "7d"],
    [["--kind", "leas"], "lease"],
    [["--limit", "0"], "10000"],
    [["--outcome", "bad"], "refused"],
    [["export", "--format", "jsn"], "jsonl"],
    [["export", "--follow"], "--follow"],
    [["--follow", "--until", "1d"], "--until"],
    [["--since", "1d", "--until", "2d"], "--until"],
    [["--request", "INC-42"], "req_"],
  ])("%j is refused with 2", async (args, words) => {
    const ran = await carol.phi(["audit", ...args]);
    expect([ran.code, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toContain(words);
  });
});
