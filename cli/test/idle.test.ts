import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";

let place: Environment;
let alice: Person;
beforeAll(async () => {
  place = await startEnvironment({
    config: (text) => `${text}
  - name: quick looks
    requesters: [group:engineering]
    resources: [db-prod]
    roles: [readonly]
    maxDuration: 30m
    idleTimeout: 12s
`,
  });
  alice = createPerson("alice");
  await alice.signIn(place);
});
afterAll(async () => {
  await alice?.leave();
  await place?.stop();
});

test("a command that does nothing with its access is warned, then stopped, and told why and what to type", {
  timeout: 60_000,
}, async () => {
  const asked = await alice.phi(["request", "db-prod", "--role", "readonly", "--for", "10m"]);
  const id = asked.stdout.trim();
  expect((await alice.phi(["show", id])).stdout).toMatch(/idle\s+ends after 12s without use/);
  const ran = await alice.phi(["exec", "--", "sleep", "60"]);
  expect(ran.code).toBe(124);
  expect(ran.stderr).toMatch(/phi: nothing is done on db-prod: without use the access ends in [0-4]s/);
  expect(ran.stderr).toContain(
    "phi: access to db-prod ended: idle for 12s; ask again: phi request db-prod --role readonly; the command is being stopped",
  );
  expect(await alice.json(["show", id])).toMatchObject({ state: "ended", endedBecause: "idle" });
  expect((await alice.phi(["requests"])).stdout).toContain("ended (idle for 12s)");
  expect((await alice.phi(["audit", "--request", id])).stdout).toContain("ended it: nothing was done with it for 12s");
  const why = await alice.phi(["why", "db-prod", "--role", "readonly"]);
  expect(why.stdout).toContain("decides: allowed at once; ends after 12s without use");
});
