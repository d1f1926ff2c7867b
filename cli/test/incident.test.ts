import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";
import { type Desk, hasTmux, openDesk } from "./tmux.testing.js";

/** Two people of the leads must say yes to changes, and one more of security. */
const TWO_PEOPLE = (text: string) =>
  text.replace(
    "roles: [readwrite]\n    maxDuration: 1h\n    approval: { from: [group:db-leads], count: 1 }",
    "roles: [readwrite]\n    maxDuration: 1h\n    approval: { stages: [{ from: [group:db-leads], count: 1 }, { from: [group:security], count: 1 }] }",
  );

let place: Environment;
let alice: Person;
let bob: Person;
let carol: Person;
beforeAll(async () => {
  place = await startEnvironment({ config: TWO_PEOPLE });
  [alice, bob, carol] = ["alice", "bob", "carol"].map(createPerson) as [Person, Person, Person];
  for (const person of [alice, bob, carol]) await person.signIn(place);
});
afterAll(async () => {
  for (const person of [alice, bob, carol]) await person?.leave();
  await place?.stop();
});

const idIn = (text: string) => /^req_\w{12}$/m.exec(text)?.[0] ?? "";

describe.skipIf(!hasTmux())("an incident at night, with a rule of two people", () => {
  let desk: Desk;
  let id = "";
  let extension = "";
  beforeAll(async () => {
    desk = await openDesk(alice.home);
  });
  afterAll(() => desk?.leave());

  test("she asks for half an hour; one lead offers a minute of it, she takes that, and a second person agrees", async () => {
    desk.line('phi request db-prod --role readwrite --for 30m -m "INC-42: orders are stuck"; echo code $?');
    id = idIn(await desk.shows(/^req_\w{12}$/m));
    await desk.shows(/waiting for group:db-leads/);
    const offered = await bob.phi(["approve", id, "--for", "70s", "-m", "look first", "--yes"]);
    expect(offered.stderr).toContain("offered: alice may have db-prod as readwrite for 1m10s, if they accept it");
    await desk.shows(/bob offers readwrite for 1m10s instead: "look first"/);
    await desk.shows(/Take db-prod as readwrite for 1m10s\?/);
    desk.line("y");
    await desk.shows(/waiting for group:security/);
    expect((await bob.phi(["approve", id, "--yes"])).stderr).toContain("You have answered");
    expect((await carol.phi(["approve", id, "--yes"])).stderr).toContain(
      "✔ approved: alice, db-prod as readwrite for 1m10s",
    );
    await desk.shows(/✔ approved by carol[\s\S]*code 0/);
  });

  test("her psql is told a minute before the end which command gives her more time", async () => {
    desk.line("clear; PAGER= phi exec -- psql -X; echo code $?");
    await desk.shows(/=> $/m);
    await desk.shows(new RegExp(`phi: access to db-prod ends in 1 minute; for more: phi extend ${id} --for 15m`));
    desk.line("select count(*) || ' are stuck' from orders where status = 'stuck' \\g");
    await desk.shows(/4 are stuck/);
  });

  test("she types it in a second terminal; both people read what it is and say yes; her psql goes on and says so", async () => {
    const waiting = alice.start(["extend", id, "--for", "15m", "-m", "the index is still being built", "--wait"]);
    await waiting.until(/^req_\w{12}$/m);
    extension = idIn(waiting.stdout());
    expect(waiting.stderr()).toContain(
      "Asked for 15m more of db-prod as readwrite. Who answers: 1 yes from group:db-leads, then 1 yes from group:security.",
    );
    expect((await bob.phi(["requests", "--to-approve"])).stdout).toMatch(
      new RegExp(`^${extension}\\talice\\t.*\\t\\+15m\\tpending`, "m"),
    );
    const card = (await bob.phi(["show", extension])).stdout;
    expect(card).toMatch(new RegExp(`extends +${id}, open since \\S+: until \\S+ instead of \\S+, 16m in all`));
    expect(card).toContain("the index is still being built");
    expect((await bob.phi(["approve", extension, "--yes"])).stderr).toContain("1 more yes needed");
    const last = await carol.phi(["approve", extension, "--yes"]);
    expect([last.code, last.stdout]).toEqual([0, `${extension}\textended\n`]);
    expect(last.stderr).toContain("✔ approved: alice, 15m more of db-prod as readwrite");
    const ended = await waiting.ended;
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(new RegExp(`✔ extended by carol\\n  ${id} is open until .*\\(in 1[56]m\\)`));
    await desk.shows(/phi: access to db-prod was extended until \d\d:\d\d \(1[56]m\)/);
    desk.line("update orders set status = 'paid' where status = 'stuck' \\g");
    await desk.shows(/UPDATE 4/);
    expect((await alice.phi(["status"])).stdout).toMatch(new RegExp(`^${id}\\t.*\\tactive\\t1[56]m left`, "m"));
  });

  test("she gives it back early: psql is cut, and every credential is proven dead", async () => {
    const given = await alice.phi(["end", id]);
    expect(given.stderr).toContain("Given back: db-prod as readwrite for 1m10s.");
    await desk.shows(/access to db-prod was given back with phi end[\s\S]*code 124/);
    expect(await alice.json(["show", id])).toMatchObject({
      state: "ended",
      endedBecause: "ended_by_holder",
      leases: [{ state: "revoked" }],
    });
    const late = await alice.phi(["extend", id, "--for", "5m"]);
    expect([late.code, late.stderr]).toEqual([6, expect.stringContaining("phi request db-prod --role readwrite")]);
  });

  test("in the morning the story is told in order, extension included, and the report counts it", async () => {
    const story = (await carol.phi(["audit", "--request", id])).stdout;
    const order = [
      "asked for readwrite on db-prod for 30m: “INC-42: orders are stuck”",
      "made the window 15m longer",
      "gave the access back",
    ];
    const at = [
      ...order.slice(0, 1),
      "said yes (1 of 2): “look first”",
      "approved (2 of 2)",
      "ran psql -X",
      `asked for 15m more, until `,
      `said yes (1 of 2)  ${extension}`,
      `approved (2 of 2)  ${extension}`,
      ...order.slice(1, 2),
      ...order.slice(2),
      "proved phi_",
      "every credential is proven dead",
    ].map((line) => [line, story.indexOf(line)] as const);
    for (const [line, place] of at) expect(place, `${line}\n${story}`).toBeGreaterThan(-1);
    expect(at.map(([, place]) => place)).toEqual(at.map(([, place]) => place).sort((a, b) => a - b));
    expect(story).toContain("moved the end of phi_");
    const report = await carol.json(["report"]);
    expect(report.total).toMatchObject({ asked: 2, given: 2, extended: 1, neverUsed: 0 });
    expect((await carol.phi(["report"])).stderr).toContain("1 extension");
  });
});

describe("phi extend", () => {
  const open = async (length: string, ...command: string[]) => {
    const id = (
      await alice.phi(["request", "db-prod", "--role", "readonly", "--for", length, "-m", "INC-43"])
    ).stdout.trim();
    await bob.phi(["approve", id, "--yes"]);
    const running = alice.start(["exec", "--request", id, "--", ...command]);
    await running.until(/started/);
    return { id, running };
  };

  test("in the last seconds of a window still reaches what runs in it", async () => {
    const { id, running } = await open("8s", "sh", "-c", "echo started; sleep 10; echo still here");
    const asked = await alice.phi(["extend", "--for", "5m", "-m", "not done"]);
    expect([asked.code, asked.stdout]).toEqual([8, expect.stringMatching(/^req_\w{12}\n$/)]);
    expect(asked.stderr).toMatch(/It is pending: lapses .* unless somebody answers/);
    expect((await bob.phi(["approve", asked.stdout.trim(), "--yes"])).code).toBe(0);
    const ended = await running.ended;
    expect([ended.code, ended.stdout]).toEqual([0, "started\nstill here\n"]);
    expect((await alice.phi(["exec", "--request", asked.stdout.trim(), "--", "true"])).stderr).toContain(
      `--request ${id}`,
    );
    await alice.phi(["end", id]);
  }, 60_000);

  test("says what is missing, what is too much, and what there is to extend", async () => {
    expect(await alice.phi(["extend", "--for", "5m"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Nothing of yours is open now"),
    });
    const { id, running } = await open("5m", "sh", "-c", "echo started; exec sleep 60");
    const missing = await alice.phi(["extend", id]);
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining("--for")]);
    const tooLong = await alice.phi(["extend", id, "--for", "4h", "-m", "much to do"]);
    expect([tooLong.code, tooLong.stderr]).toEqual([5, expect.stringContaining(`phi extend ${id} --for 3h55m`)]);
    expect((await alice.phi(["extend", id, "--for", "15x"])).stderr).toContain("--for");
    expect((await bob.phi(["extend", id, "--for", "5m"])).code).toBe(5);
    const asked = JSON.parse((await alice.phi(["extend", id, "--for", "5m", "-m", "more", "--json"])).stdout) as Record<
      string,
      unknown
    >;
    expect(asked).toMatchObject({ state: "pending", duration: 300, extends: { request: id } });
    const twice = await alice.phi(["extend", id, "--for", "5m", "-m", "more"]);
    expect([twice.code, twice.stderr]).toEqual([1, expect.stringContaining(`phi withdraw ${asked.request}`)]);
    const waiting = alice.start(["show", "--wait", String(asked.request)]);
    await waiting.until(/waiting for/);
    await alice.phi(["end", id]);
    expect(await waiting.ended).toMatchObject({
      code: 6,
      stderr: expect.stringContaining("✖ lapsed: the access that it was to extend is over"),
    });
    expect((await running.ended).code).toBe(124);
  }, 60_000);

  test.skipIf(!hasTmux())(
    "at a terminal asks for what was not typed, waits live, and Ctrl-C leaves it asked for",
    async () => {
      const { id, running } = await open("20m", "sh", "-c", "echo started; exec sleep 120");
      const desk = await openDesk(alice.home);
      try {
        desk.line("phi extend; echo code $?");
        await desk.shows(/How much longer\? \(db-prod as readonly for 20m, (?:19|20)m left\)/);
        desk.line("5m");
        await desk.shows(/Why\?/);
        desk.line("one more look");
        await desk.shows(new RegExp(`the same without asking: phi extend ${id} --for 5m --reason "one more look"`));
        await desk.shows(/waiting for group:db-leads/);
        const extension = idIn(await desk.shows(/^req_\w{12}$/m));
        desk.key("C-c");
        await desk.shows(new RegExp(`${extension} stays open[\\s\\S]*code 8`));
        desk.line(`clear; phi show --wait ${extension}; echo code $?`);
        await desk.shows(/waiting for group:db-leads/);
        await bob.phi(["approve", extension, "--for", "2m", "--yes"]);
        await desk.shows(/bob offers 2m more instead/);
        await desk.shows(/Take 2m more of db-prod as readonly\?/);
        desk.line("y");
        await desk.shows(/✔ extended by bob[\s\S]*code 0/);
        expect(await alice.json(["show", id])).toMatchObject({ state: "active", duration: 1_200 });
        expect((await alice.phi(["show", id])).stdout).toMatch(/open until .*, extended by 2m/);
      } finally {
        await desk.leave();
        await alice.phi(["end", id]);
        await running.ended;
      }
    },
    60_000,
  );
});
