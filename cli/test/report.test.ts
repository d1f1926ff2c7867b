import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { report } from "@phi/shared/contract/report";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";

let place: Environment;
let alice: Person;
let bob: Person;
let carol: Person;

beforeAll(async () => {
  place = await startEnvironment();
  [alice, bob, carol] = ["alice", "bob", "carol"].map(createPerson) as [Person, Person, Person];
  for (const person of [alice, bob, carol]) await person.signIn(place);
  const ask = async (role: string) =>
    (await alice.phi(["request", "db-prod", "--role", role, "--for", "10m", "-m", "INC-7"])).stdout.trim();
  const used = await ask("readonly");
  await bob.phi(["approve", used, "--yes"]);
  expect((await alice.phi(["exec", "--", "true"])).code).toBe(0);
  await alice.phi(["end", used]);
  const unused = await ask("readonly");
  await bob.phi(["approve", unused, "--yes"]);
  await alice.phi(["end", unused]);
  await bob.phi(["deny", await ask("readonly"), "--yes", "-m", "no"]);
});
afterAll(async () => {
  for (const person of [alice, bob, carol]) await person?.leave();
  await place?.stop();
});

describe("phi report", () => {
  test("says who had what, who said yes, and what was never used", async () => {
    const { rows, total } = report.parse(await carol.json(["report"]));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      person: "alice",
      resource: "db-prod",
      role: "readonly",
      asked: 3,
      given: 2,
      denied: 1,
      neverUsed: 1,
      approvers: ["bob"],
    });
    expect(total).toMatchObject({ asked: 3, given: 2, overdue: 0 });
    expect(total.openMs).toBeGreaterThan(0);
    expect(total.answerMedianMs).toBeGreaterThan(0);
  });

  test("by team, resource or person, as a table and as CSV", async () => {
    const table = await carol.phi(["report", "--by", "team"]);
    expect(table.stdout).toMatch(/^engineering\t3\t2\t/m);
    expect(table.stderr).toMatch(/^3 requests: 2 given, 1 denied, 1 never used, open for /);
    const csv = await carol.phi(["report", "--by", "resource", "--csv", "-q"]);
    const [head, row, end] = csv.stdout.split("\r\n");
    expect(head?.split(",").slice(0, 6)).toEqual(['"person"', '"resource"', '"role"', '"team"', '"asked"', '"given"']);
    expect(row?.split(",").slice(0, 6)).toEqual(['""', '"db-prod"', '""', '""', '"3"', '"2"']);
    expect([end, csv.stderr]).toEqual(["", ""]);
  });

  test("gives who is no auditor their own only, and what is long over not at all", async () => {
    expect(report.parse(await alice.json(["report", "--by", "person"])).total.asked).toBe(3);
    expect(report.parse(await bob.json(["report", "--by", "person"])).total.asked).toBe(0);
    expect(report.parse(await carol.json(["report", "--until", "1d"])).rows).toEqual([]);
  });

  test.each([
    [["--by", "teem"], "team"],
    [["--since", "yesterday"], "7d"],
    [["--csv", "--json"], "--csv"],
  ])("%j is refused with 2", async (args, words) => {
    const ran = await carol.phi(["report", ...args]);
    expect([ran.code, ran.stdout]).toEqual([2, ""]);
    expect(ran.stderr).toContain(words);
  });
});
