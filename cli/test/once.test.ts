import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";

let place: Environment;
let alice: Person;
let bob: Person;
beforeAll(async () => {
  place = await startEnvironment();
  [alice, bob] = ["alice", "bob"].map(createPerson) as [Person, Person];
  for (const person of [alice, bob]) await person.signIn(place);
});
afterAll(async () => {
  for (const person of [alice, bob]) await person?.leave();
  await place?.stop();
});

test("phi request --once is access for one command, whatever its exit code, and says so everywhere", async () => {
  const asked = await alice.phi(["request", "db-prod", "--role", "readonly", "--for", "10m", "-m", "INC-42", "--once"]);
  const id = asked.stdout.trim();
  expect(asked.stderr).toContain("Asked for db-prod as readonly for 10m, once.");
  const shown = await bob.phi(["approve", id]);
  expect([shown.code, shown.stderr]).toEqual([2, expect.stringContaining("for 10m, once")]);
  await bob.phi(["approve", id, "--yes"]);
  expect((await alice.phi(["exec", "--", "sh", "-c", "exit 3"])).code).toBe(3);
  expect(await alice.json(["show", id])).toMatchObject({ state: "ended", endedBecause: "used_once" });
  expect((await alice.phi(["show", id])).stdout).toContain("ended (used once)");
  expect((await alice.phi(["exec", "--", "true"])).code).toBe(125);
});
