import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";

let place: Environment;
let alice: Person;
let bob: Person;
let carol: Person;
let dave: Person;
beforeAll(async () => {
  place = await startEnvironment({
    config: (text) =>
      `${text}    emergency: { maxDuration: 30m, notify: [group:security], reviewers: [group:db-leads], reviewWithin: 24h }\n`,
  });
  [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(createPerson) as [Person, Person, Person, Person];
  for (const person of [alice, bob, carol, dave]) await person.signIn(place);
});
afterAll(async () => {
  for (const person of [alice, bob, carol, dave]) await person?.leave();
  await place?.stop();
});

const ask = async (...more: string[]) =>
  (await alice.phi(["request", "db-prod", "--for", "10m", "-m", "INC-42", ...more])).stdout.trim();

describe("phi request --emergency", () => {
  test("gives access at once, and says so in every view until somebody else has reviewed it", async () => {
    const taken = await alice.phi([
      ...["request", "db-prod", "--role", "readwrite", "--for", "15m", "--emergency", "-m", "orders are stuck"],
    ]);
    expect(taken.code).toBe(0);
    const id = taken.stdout.trim();
    expect(taken.stderr).toMatch(/EMERGENCY: you have db-prod as readwrite for 15m/);
    expect(taken.stderr).toMatch(/to be reviewed by group:db-leads, until /);
    const inside = await alice.phi(["exec", "--", process.execPath, "-p", "process.env.PHI_EMERGENCY"]);
    expect(inside.stdout).toBe("1\n");
    for (const view of [["requests"], ["show", id], ["status"]])
      expect((await alice.phi(view)).stdout, view.join(" ")).toContain("EMERGENCY, to be reviewed");
    expect((await bob.phi(["status"])).stderr).toContain("1 emergency waits for your review: phi requests --to-review");
    expect((await bob.phi(["review", id, "--ok", "-m", "fine"])).stderr).toMatch(/is not over/);

    await alice.phi(["end", id]);
    expect((await alice.phi(["review", id, "--ok", "-m", "fine"])).code).toBe(5);
    expect((await bob.phi(["review", id])).stderr).toMatch(/either --ok or --flag/);
    expect((await bob.phi(["review", id, "--flag", "-m", "why readwrite?"])).stderr).toContain("⚑ reviewed, flagged");
    expect((await alice.phi(["show", id])).stdout).toMatch(/EMERGENCY, FLAGGED[\s\S]*FLAGGED by bob.*why readwrite\?/);
    expect((await bob.phi(["requests", "--to-review"])).stdout).toBe("");
    const story = (await carol.phi(["audit", "--request", id])).stdout;
    expect(story).toContain("took it without an approval, as an EMERGENCY: “orders are stuck”");
    expect(story).toContain("reviewed the emergency and FLAGGED it: “why readwrite?”");
  });
});

describe("phi delegate", () => {
  test("lets a colleague answer, who is named with the approver in the card and in the story, and ends", async () => {
    expect((await bob.phi(["delegate", "--to", "carol"])).code).toBe(2);
    const given = await bob.phi(["delegate", "--to", "carol", "--for", "7d", "-m", "on holiday"]);
    expect(given.stderr).toMatch(/carol answers in your place until /);
    const id = await ask("--role", "readonly");
    expect((await carol.phi(["requests", "--to-approve"])).stdout).toContain(id);
    expect((await carol.phi(["approve", id, "--yes"])).code).toBe(0);
    expect((await alice.phi(["show", id])).stdout).toMatch(/answer +yes by carol for bob/);
    expect((await carol.phi(["audit", "--request", id])).stdout).toContain("approved for bob (1 of 1)");
    expect((await carol.phi(["delegate"])).stdout).toContain("on holiday");
    expect((await bob.phi(["delegate", "--end"])).code).toBe(0);
    expect((await carol.phi(["delegate"])).stderr).toContain("No delegation of yours is in force");
    await alice.phi(["end", id]);
  });
});

describe("phi lock", () => {
  test("stops what the person is running, with the reason and 124, and lets them in no more until it is lifted", async () => {
    const id = await ask("--role", "readonly");
    await bob.phi(["approve", id, "--yes"]);
    const running = alice.start(["exec", "--request", id, "--", "sh", "-c", "echo started; exec sleep 60"]);
    await running.until(/started/);
    expect((await dave.phi(["lock", "principal", "alice"])).code).toBe(2);
    const locked = await dave.phi(["lock", "principal", "alice", "-m", "laptop stolen"]);
    expect(locked.code).toBe(0);
    expect(locked.stderr).toContain("✔ locked: alice; ended 1 request, revoked 1 credential");
    const ended = await running.ended;
    expect(ended.code).toBe(124);
    expect(ended.stderr).toMatch(
      /access to db-prod was taken back: "alice is locked out since .* by dave: "laptop stolen"/,
    );
    const refused = await alice.phi(["status"]);
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining("laptop stolen")]);
    expect((await alice.signIn(place)).code).toBe(5);
    expect((await dave.phi(["locks"])).stdout).toMatch(/^lck_\w+\talice\t.*\tdave\tlaptop stolen$/m);
    expect((await dave.phi(["unlock", "principal", "alice"])).code).toBe(0);
    expect((await alice.signIn(place)).code).toBe(0);
  });

  test("on a resource is seen by those who may ask for it", async () => {
    expect((await bob.phi(["lock", "resource", "db-prod", "-m", "restore"])).code).toBe(5);
    await dave.phi(["lock", "resource", "db-prod", "-m", "restore"]);
    for (const view of ["resources", "status"]) expect((await alice.phi([view])).stderr).toContain("db-prod is locked");
    const refused = await alice.phi(["exec", "db-prod", "--", "true"]);
    expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining("restore")]);
    await dave.phi(["unlock", "resource", "db-prod"]);
    expect((await alice.phi(["status"])).stderr).not.toContain("locked");
  });
});
