import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";
import { type Desk, hasTmux, openDesk } from "./tmux.testing.js";

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

const ORDER = ["request", "db-prod", "--role", "readwrite", "--for", "30m", "-m", "INC-42", "--wait"];

describe("phi approve for less", () => {
  test("is heard in the waiting terminal; once accepted, the waiting ends with what was offered", async () => {
    const waiting = alice.start(ORDER);
    await waiting.until(/^req_\w+$/m);
    const id = /^req_\w+$/m.exec(waiting.stdout())?.[0] ?? "";
    await waiting.until(/waiting for group:db-leads/);
    const offered = await bob.phi([
      "approve",
      id,
      "--for",
      "10m",
      "--role",
      "readonly",
      "-m",
      "the replica will do",
      "--yes",
    ]);
    expect([offered.code, offered.stdout]).toEqual([0, `${id}\tpending\n`]);
    expect(offered.stderr).toContain("offered: alice may have db-prod as readonly for 10m, if they accept it");
    await waiting.until(/bob offers readonly for 10m instead: "the replica will do"/);
    await waiting.until(new RegExp(`take it: phi accept ${id}`));
    const accepted = await alice.phi(["accept"]);
    expect(accepted).toMatchObject({ code: 0, stdout: `${id}\tapproved\n` });
    expect(accepted.stderr).toContain("✔ accepted: db-prod as readonly for 10m");
    const ended = await waiting.ended;
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('✔ approved by bob: "the replica will do"');
    expect((await alice.phi(["accept", id])).code).toBe(1);
  });

  test("is for less than what was asked, and the card shows it beside the whole", async () => {
    const { request: id } = JSON.parse((await alice.phi([...ORDER.slice(0, -1), "--no-wait", "--json"])).stdout) as {
      request: string;
    };
    const more = await bob.phi(["approve", id, "--for", "2h", "--yes"]);
    expect([more.code, more.stderr]).toEqual([2, expect.stringContaining("An offer is for less: 30m was asked for.")]);
    expect((await bob.phi(["approve", id, "--for", "5m", "--yes"])).code).toBe(0);
    expect((await alice.phi(["requests"])).stdout).toContain("pending, with an offer");
    const card = (await alice.phi(["show", id])).stdout;
    expect(card).toContain("db-prod as readwrite for 30m");
    expect(card).toContain("bob offers readwrite for 5m instead");
    expect(card).toContain(`phi accept ${id}`);
    // The whole may still be approved.
    expect(await bob.json(["approve", id, "--yes"])).toMatchObject({ state: "approved", duration: 1_800 });
  });
});

describe.skipIf(!hasTmux())("an offer on a terminal", () => {
  const open = (desk: Desk, role: string) => {
    desk.line(`clear; phi request db-prod --role ${role} --for 30m -m INC-42; echo code $?`);
    return desk.shows(/req_\w{12}/).then((shown) => /req_\w{12}/.exec(shown)?.[0] ?? "");
  };

  test("is asked about where one waits: yes takes it, no waits on", async () => {
    const desk = await openDesk(alice.home);
    try {
      const first = await open(desk, "readwrite");
      await bob.phi(["approve", first, "--for", "10m", "--yes"]);
      await desk.shows(/Take db-prod as readwrite for 10m\?/);
      desk.line("n");
      await desk.shows(/waiting for group:db-leads/);
      expect(await bob.json(["approve", first, "--yes"])).toMatchObject({ duration: 1_800 });
      await desk.shows(/✔ approved by bob[\s\S]*code 0/);

      const second = await open(desk, "readonly");
      await bob.phi(["approve", second, "--for", "5m", "--yes"]);
      await desk.shows(/Take db-prod as readonly for 5m\?/);
      desk.line("y");
      await desk.shows(/✔ approved by bob[\s\S]*code 0/);
      expect(await alice.json(["show", second])).toMatchObject({ state: "approved", duration: 300 });
    } finally {
      await desk.leave();
    }
  });

  test("left with Ctrl-C leaves the request open, and says how to wait on", async () => {
    const desk = await openDesk(alice.home);
    try {
      const id = await open(desk, "readonly");
      await bob.phi(["approve", id, "--for", "10m", "--yes"]);
      await desk.shows(/Take db-prod as readonly for 10m\?/);
      desk.key("C-c");
      await desk.shows(new RegExp(`${id} stays open[\\s\\S]*code 8`));
      expect(await alice.json(["show", id])).toMatchObject({ state: "pending" });
    } finally {
      await desk.leave();
    }
  });
});
