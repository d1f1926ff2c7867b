import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Arena, openArena, type Voice } from "./arena.testing.js";
import { runBroker, runOperator } from "./operator.testing.js";

let arena: Arena;
let alice: Voice;
let before: string;
beforeAll(async () => {
  arena = await openArena({
    config: (text) =>
      text.replace(
        "    maxDuration: 1h\n",
        "    maxDuration: 1h\n    emergency: { maxDuration: 15m, reviewers: [group:security] }\n",
      ),
  });
  alice = await arena.signIn("alice");
  before = readFileSync(arena.configFile, "utf8");
});
afterAll(() => arena?.close());

function write(name: string, text: string): string {
  const file = join(arena.folder, name);
  writeFileSync(file, text);
  return file;
}

const CASES = `cases:
  - { as: alice, groups: [engineering], resource: db-prod, role: readonly, for: 4h, reason: INC-1, expect: needs_approval, by: engineers read production, approvals: 1 }
  - { groups: [sales], resource: db-prod, role: readonly, reason: INC-1, expect: refused }
  - { groups: [engineering], resource: db-prod, role: readwrite, for: 2h, reason: INC-1, at: 2026-11-22T03:00:00+01:00, expect: refused }
`;

describe("phi-broker policy test", () => {
  it("passes when every answer is as the table says, without the broker's secrets", async () => {
    const ran = await runOperator(arena.configFile, "policy", "test", write("cases.yaml", CASES));
    expect(ran).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^3 of 3 as expected, by policy [0-9a-f]{12}\.\n$/),
    });
  });

  it("fails with what was expected, what is, and why", async () => {
    const wrong = CASES.replace("approvals: 1", "approvals: 2").replace("expect: refused }", "expect: allowed }");
    const ran = await runOperator(arena.configFile, "policy", "test", write("cases.yaml", wrong));
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain(
      "✖ case 1: alice group:engineering: readonly on db-prod for 4h\n    2 approvals were expected, and it needs 1",
    );
    expect(ran.stdout).toContain(
      "allowed was expected, and it is refused\n    No policy lets you have readonly on db-prod.",
    );
    expect(ran.stdout).toContain("engineers read production: names others, names group:engineering");
    expect(ran.stdout).toContain("1 of 3 as expected");
  });

  it("tells slips of the table with their line", async () => {
    const ran = await runOperator(
      arena.configFile,
      "policy",
      "test",
      write("cases.yaml", CASES.replace("expect: refused", "expects: refused")),
    );
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("cases.yaml:3:");
    expect(ran.stderr).toContain("did you mean expect?");
  });
});

describe("phi-broker policy diff", () => {
  it("says who gains, loses and has other terms, and nothing of names and order", async () => {
    const after = before
      .replace(
        "maxDuration: 4h\n    approval: { from: [group:db-leads], count: 1 }",
        "maxDuration: 2h\n    approval: { from: [group:db-leads], count: 2 }",
      )
      .replace("name: engineers change production", "name: another name");
    const more = `${after}
  - name: sales look
    requesters: [group:sales]
    resources: [db-prod]
    roles: [readonly]
    maxDuration: 1h
    during: [{ days: [mon-fri], hours: "09:00-17:00", timeZone: Europe/Berlin }]
`;
    const ran = await runBroker("policy", "diff", arena.configFile, write("new.yaml", more));
    expect(ran).toEqual({
      code: 1,
      stderr: "",
      stdout: `~ group:engineering  readonly on db-prod
    was    up to 4h: 1 yes from group:db-leads, with a reason
    now    up to 2h: 2 yes from group:db-leads, with a reason
+ group:sales  readonly on db-prod
    gains  up to 1h: at once, only mon-fri 09:00-17:00 Europe/Berlin
`,
    });
  });

  it("of the same policies, however they are written, is nothing", async () => {
    const ran = await runBroker("policy", "diff", arena.configFile, write("new.yaml", before.replace("4h", "240m")));
    expect(ran).toMatchObject({ code: 0, stdout: "Nobody gains or loses anything.\n" });
  });
});

describe("phi-broker policy replay", () => {
  it("puts what was asked through other policies, as of then and with the groups of then", async () => {
    for (const role of ["readonly", "readwrite"]) {
      const order = { resource: "db-prod", role, duration: 600, reason: "INC-42" };
      expect((await alice.call("POST", "/v1/requests", order)).status).toBe(201);
    }
    const stricter = write("stricter.yaml", before.replace("maxDuration: 1h", "maxDuration: 5m"));
    const ran = await runOperator(arena.configFile, "policy", "replay", stricter, "--since", "1d");
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(
      /^req_[0-9a-z]{12} {2}alice: readwrite on db-prod for 10m\n {4}was {2}1 yes needed, by "engineers change production"\n {4}now {2}refused: 10m is too long for readwrite on db-prod; the longest is 5m\.\n1 of 2 requests since /,
    );
    const same = await runOperator(arena.configFile, "policy", "replay", arena.configFile, "--since", "1d");
    expect(same).toMatchObject({ code: 0, stdout: expect.stringContaining("0 of 2 requests") });
  });

  it("judges what was taken in an emergency by the emergency clauses", async () => {
    const order = { resource: "db-prod", role: "readwrite", duration: 600, reason: "INC-42", emergency: true };
    expect((await alice.call("POST", "/v1/requests", order)).status).toBe(201);
    const same = await runOperator(arena.configFile, "policy", "replay", arena.configFile, "--since", "1d");
    expect(same).toMatchObject({ code: 0, stdout: expect.stringContaining("0 of 3 requests") });
    const without = write("without.yaml", before.replace(/^ {4}emergency:.*\n/m, ""));
    const ran = await runOperator(arena.configFile, "policy", "replay", without, "--since", "1d");
    expect(ran.stdout).toContain('was  an emergency, by "engineers change production"');
    expect(ran.stdout).toContain("now  refused: No policy lets you take readwrite on db-prod in an emergency.");
    expect(ran.stdout).toContain("1 of 3 requests");
  });
});
