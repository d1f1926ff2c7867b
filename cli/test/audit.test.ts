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

  test("filters by actor, resource, kind and time, and reads on over pages up to the limit", async () => {
    const by = async (...args: string[]) => events((await carol.phi(["audit", "--json", ...args])).stdout);
    expect(new Set((await by("--actor", "bob")).map((event) => event.actor?.name))).toEqual(new Set(["bob"]));
    expect((await by("--kind", "lease")).every((event) => event.kind.startsWith("lease."))).toBe(true);
    expect(await by("--resource", "no-such")).toEqual([]);
    expect(await by("--until", "1d")).toEqual([]);
    const all = await by();
    expect(await by("--limit", "3")).toEqual(all.slice(0, 3));
    expect(all.map((event) => event.seq)).toEqual([...all.map((event) => event.seq)].sort((a, b) => a - b));
  });

  test("as a table it is one line per event in UTC; more than the limit and nothing at all are said", async () => {
    const ran = await carol.phi(["audit", "--limit", "2"]);
    expect(ran.stdout.trimEnd().split("\n")).toHaveLength(2);
    expect(ran.stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\t/);
    expect(ran.stderr).toContain("--limit");
    const none = await carol.phi(["audit", "--until", "1d", "--since", "2d"]);
    expect([none.code, none.stdout]).toEqual([0, ""]);
    expect(none.stderr).toContain("No events");
  });

  test.each([
    [["--since", "yesterday"], "7d"],
    [["--kind", "leas"], "lease"],
    [["--limit", "0"], "1000000"],
    [["--since", "1d", "--until", "2d"], "--until"],
    [["--request", "INC-42"], "req_"],
  ])("%j is refused with 2", async (args, words) => {
    const ran = await carol.phi(["audit", ...args]);
    expect([ran.code, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toContain(words);
  });
});
