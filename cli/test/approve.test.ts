import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";

let place: Environment;
let alice: Person;
let bob: Person;
let carol: Person;
let dave: Person;
let id: string;

beforeAll(async () => {
  place = await startEnvironment();
  [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(createPerson) as [Person, Person, Person, Person];
  for (const person of [alice, bob, carol, dave]) await person.signIn(place);
});
afterAll(async () => {
  for (const person of [alice, bob, carol, dave]) await person?.leave();
  await place?.stop();
});
beforeEach(async () => {
  id = (await alice.phi(["request", "db-prod", "--role", "readwrite", "--for", "10m", "-m", "INC-7"])).stdout.trim();
});

const stateOf = async (who: Person) => (await who.json(["show", id])).state;

describe("deciding", () => {
  test("shows who, what, how long and why, and without --yes and a terminal decides nothing", async () => {
    const ran = await bob.phi(["approve", id]);
    expect(ran.code).toBe(2);
    for (const words of ["alice", "db-prod as readwrite for 10m", "INC-7", "--yes"])
      expect(ran.stderr).toContain(words);
    expect(await stateOf(bob)).toBe("pending");
  });

  test("a lead's yes is a yes, and a second answer comes too late", async () => {
    expect(await bob.json(["approve", id, "--yes"])).toMatchObject({ request: id, state: "approved" });
    expect((await bob.phi(["deny", id, "--yes", "--reason", "no"])).code).toBe(1);
    await alice.phi(["end", id]);
  });

  test("nobody decides on their own request, and nobody who is not named", async () => {
    for (const person of [alice, carol]) expect((await person.phi(["approve", id, "--yes"])).code).toBe(5);
    expect(await stateOf(alice)).toBe("pending");
  });

  test("a no needs a reason", async () => {
    const ran = await bob.phi(["deny", id, "--yes"]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("--reason");
    expect(await bob.json(["deny", id, "--yes", "--reason", "use the replica"])).toMatchObject({ state: "denied" });
  });
});

describe("giving back and taking back", () => {
  test("phi end gives back the only open request without its id", async () => {
    await bob.phi(["approve", id, "--yes"]);
    const ran = await alice.phi(["end"]);
    expect([ran.code, ran.stdout]).toEqual([0, `${id}\tended\n`]);
    expect((await alice.phi(["end"])).code).toBe(1);
  });

  test("phi end with several open requests names them and ends none", async () => {
    await bob.phi(["approve", id, "--yes"]);
    const other = (
      await alice.phi(["request", "db-prod", "--role", "readonly", "--for", "10m", "-m", "INC-8"])
    ).stdout.trim();
    await bob.phi(["approve", other, "--yes"]);
    const ran = await alice.phi(["end"]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(id);
    expect(ran.stderr).toContain(other);
    expect(await stateOf(alice)).toBe("approved");
    for (const open of [id, other]) expect((await alice.phi(["end", open])).code).toBe(0);
  });

  test("an administrator revokes with a reason; its holder reads it", async () => {
    await bob.phi(["approve", id, "--yes"]);
    expect((await dave.phi(["revoke", id])).code).toBe(2);
    expect(await dave.json(["revoke", id, "--reason", "wrong database"])).toMatchObject({
      state: "ended",
      endedBecause: "revoked",
    });
    expect((await alice.phi(["show", id])).stdout).toContain("wrong database");
  });

  test("withdrawing works while it is pending and not after", async () => {
    expect((await alice.phi(["withdraw", id])).stdout).toBe(`${id}\twithdrawn\n`);
    expect((await alice.phi(["withdraw", id])).code).toBe(1);
  });
});
