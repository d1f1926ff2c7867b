import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";

let place: Environment;
let alice: Person;
let carol: Person;
beforeAll(async () => {
  place = await startEnvironment();
  [alice, carol] = ["alice", "carol"].map(createPerson) as [Person, Person];
  for (const person of [alice, carol]) await person.signIn(place);
});
afterAll(async () => {
  for (const person of [alice, carol]) await person?.leave();
  await place?.stop();
});

describe("phi why", () => {
  test("says the answer, which policies were about it, and what would change it", async () => {
    const ran = await alice.phi(["why", "db-prod", "--role", "readwrite", "--for", "2h", "--reason", "INC-42"]);
    expect(ran.code).toBe(0);
    expect(
      ran.stdout.replace(/policy [0-9a-f]{12}$/m, "policy HASH"),
    ).toBe(`refused  2h is too long for readwrite on db-prod; the longest is 1h.
  for alice, in engineering, by policy HASH
  ✖ engineers change production  2h is too long; the longest is 1h
what would change it:
  --for 1h: 1 yes from group:db-leads ("engineers change production")
`);
  });

  test("agrees with what phi request is answered, and asks for nothing", async () => {
    const words = ["db-prod", "--role", "readonly", "--for", "10m", "--reason", "INC-42"];
    expect(await alice.json(["why", ...words])).toMatchObject({ decision: "needs_approval" });
    expect(await alice.json(["requests"])).toEqual({ requests: [] });
    expect((await alice.phi(["request", ...words])).code).toBe(8);
  });

  test("answers for others to those who may audit, and to nobody else", async () => {
    const words = ["why", "db-prod", "--role", "readonly", "--reason", "INC-42", "--as", "alice"];
    expect((await carol.phi(words)).stdout).toContain("for alice, in engineering");
    const ran = await alice.phi(words);
    expect([ran.code, ran.stdout]).toEqual([5, ""]);
  });

  test("of what one may not ask for is the same as of what does not exist", async () => {
    const ran = await carol.phi(["why", "db-prdo"]);
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining("Did you mean db-prod?")]);
    expect((await alice.phi(["why", "db-secret"])).code).toBe(1);
  });
});
