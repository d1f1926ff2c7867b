import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { LeaseReply } from "@phi/shared/contract/lease";
import type { RequestList, RequestView } from "@phi/shared/contract/request";
import type { WhyReply } from "@phi/shared/contract/why";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StatusReply } from "../src/admin/contract.js";
import { type Arena, eventually, openArena, type Voice } from "./arena.testing.js";
import { runOperator } from "./operator.testing.js";

const HOUR = 3_600_000;
const stamp = (at: number) => `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
const rota = (...people: string[]) =>
  [
    ...["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", "BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z"],
    ...[`DTSTART:${stamp(Date.now() - HOUR)}`, `DTEND:${stamp(Date.now() + 2 * HOUR)}`],
    ...people.map((email) => `ATTENDEE:mailto:${email}`),
    ...["END:VEVENT", "END:VCALENDAR", ""],
  ].join("\r\n");

/** A calendar server that answers as it is told to. */
let answer: { status: number; body: string; location?: string } | "silent" = {
  status: 200,
  body: rota("bob@example.com"),
};
let asked = 0;
const server = createServer((_, response) => {
  asked += 1;
  if (answer === "silent") return;
  response
    .writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location })
    .end(answer.body);
});

let arena: Arena;
let alice: Voice;
let bob: Voice;
let carol: Voice;
let file: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  arena = await openArena({
    before: (folder) => {
      file = join(folder, "oncall.ics");
      writeFileSync(file, rota("alice@example.com"));
    },
    config: (text) => `calendars:
  primary: { file: ./oncall.ics }
  leads: { url: "http://127.0.0.1:${port}/leads.ics?key=secret", every: 1s, maxAge: 15s }
${text}
  - name: who is on call helps themselves
    requesters: [group:engineering]
    resources: [db-prod]
    roles: [readwrite]
    maxDuration: 30m
    onCall: primary
  - name: others ask the lead on call
    requesters: [group:engineering]
    resources: [db-prod]
    roles: [readonly]
    maxDuration: 12h
    approval: { from: ["oncall:leads"] }
`,
  });
  [alice, bob, carol] = (await Promise.all(["alice", "bob", "carol"].map((login) => arena.signIn(login)))) as [
    Voice,
    Voice,
    Voice,
  ];
});
afterAll(async () => {
  await arena?.close();
  server.closeAllConnections();
  server.close();
});

/** As a person saves a file: written beside it, and moved into its place. */
function save(text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
const ask = (who: Voice, over: Record<string, unknown> = {}) =>
  who.call<RequestView & { code: string; detail: string }>("POST", "/v1/requests", {
    ...{ resource: "db-prod", role: "readwrite", duration: 600, ticket: "INC-1" },
    ...over,
  });
const why = async (who: Voice, role = "readwrite") =>
  (await who.call<WhyReply>("GET", `/v1/why?resource=db-prod&role=${role}&duration=600`)).body;
const status = async () => JSON.parse((await runOperator(arena.configFile, "status", "--json")).stdout) as StatusReply;
const calendar = async (name: string) => {
  const found = (await status()).calendars.find((one) => one.calendar === name);
  if (found === undefined) throw new Error(`no calendar ${name}`);
  return found;
};
const becomes = (name: string, what: string, holds: (one: Awaited<ReturnType<typeof calendar>>) => boolean) =>
  eventually(what, 60_000, async () => {
    const one = await calendar(name);
    return holds(one) && one;
  });

describe("a policy for who is on call", { timeout: 90_000 }, () => {
  it("gives it to them at once, and to nobody else, with who and when in words", async () => {
    const given = await ask(alice);
    expect(given).toMatchObject({
      status: 201,
      body: { state: "approved", policy: "who is on call helps themselves" },
    });
    expect(await ask(bob)).toMatchObject({ status: 403, body: { code: "refused_by_policy" } });
    const others = await why(bob);
    expect(others.rules.find((one) => one.rule === "who is on call helps themselves")).toMatchObject({
      verdict: "does_not_fit",
      says: ['only while on call by "primary", where alice@example.com is on call now'],
    });
    expect(others.changes.join()).toContain("where alice@example.com is on call now: allowed at once");
    const rule = (await why(alice)).rules.find((one) => one.rule === "who is on call helps themselves");
    expect(rule).toMatchObject({
      verdict: "decides",
      says: ["allowed at once", expect.stringMatching(/^on call by "primary" from .* UTC to .* UTC$/)],
    });
    await alice.call("POST", `/v1/requests/${given.body.request}/end`, {});
  });

  it("takes a changed file over, and gives no further credential to who is not on call any more", async () => {
    const given = await ask(alice);
    save(rota("bob@example.com"));
    await becomes("primary", "bob is on call", (one) => one.onCall.includes("bob@example.com"));
    expect(await ask(bob)).toMatchObject({ status: 201, body: { state: "approved" } });
    const order = { request: given.body.request, use: "command", command: ["psql"], host: "test" };
    const late = await alice.call<LeaseReply & { code: string; detail: string }>("POST", "/v1/leases", order);
    expect(late).toMatchObject({ status: 403, body: { code: "refused_by_policy" } });
    expect(late.body.detail).toContain("you are not on call any more");
    await alice.call("POST", `/v1/requests/${given.body.request}/end`, {});
  });

  it("keeps the last good copy while the file is broken or gone, and says so", async () => {
    save("BEGIN:VCALENDAR half of it");
    const broken = await becomes("primary", "it is broken", (one) => one.failure !== undefined);
    expect(broken).toMatchObject({ isGood: true, onCall: ["bob@example.com"] });
    expect((await ask(bob)).status).toBe(201);
    save(rota("alice@example.com"));
    await becomes(
      "primary",
      "it is well again",
      (one) => one.failure === undefined && one.onCall.includes("alice@example.com"),
    );
    expect(readFileSync(arena.logFile, "utf8")).toContain("calendar cannot be read");
  });
});

describe("approvers who are on call", { timeout: 120_000 }, () => {
  it("are found when somebody answers: the request says who, and only they may", async () => {
    const request = (await ask(alice, { role: "readonly", duration: 8 * 3_600 })).body;
    expect(request).toMatchObject({
      state: "pending",
      approvers: ["oncall:leads"],
      onCall: [{ calendar: "leads", who: ["bob@example.com"] }],
    });
    const yes = { verdict: "approve", hash: request.hash };
    const answerOf = (who: Voice) =>
      who.call<RequestView & { code: string }>("POST", `/v1/requests/${request.request}/approvals`, yes);
    expect((await answerOf(carol)).status).not.toBe(200);
    const waiting = (await bob.call<RequestList>("GET", "/v1/requests?scope=to_approve")).body.requests;
    expect(waiting.map((one) => one.request)).toContain(request.request);
    expect(await answerOf(bob)).toMatchObject({ status: 200, body: { state: "approved" } });
  });

  it("are nobody once the copy of the source is too old, however it fails; when it answers again, they are back", async () => {
    const request = (await ask(alice, { role: "readonly", duration: 8 * 3_600 })).body;
    answer = { status: 302, body: "", location: "/elsewhere" };
    const failing = await becomes("leads", "it fails", (one) => one.failure !== undefined);
    expect(failing).toMatchObject({
      failure: "it answers 302 where 200 was expected",
      where: expect.stringContaining("127.0.0.1"),
    });
    expect(JSON.stringify(failing)).not.toContain("secret");
    await becomes("leads", "it is too old", (one) => !one.isGood);
    const said = await runOperator(arena.configFile, "status");
    expect(said.code).toBe(1);
    expect(said.stdout).toContain("NO: nobody is on call");
    const yes = { verdict: "approve", hash: request.hash };
    const late = await bob.call(`POST`, `/v1/requests/${request.request}/approvals`, yes);
    expect(late.status).toBe(404);
    expect(readFileSync(arena.logFile, "utf8")).not.toContain("key=secret");
    answer = { status: 200, body: rota("bob@example.com") };
    await becomes("leads", "it answers again", (one) => one.isGood && one.failure === undefined);
    expect((await bob.call(`POST`, `/v1/requests/${request.request}/approvals`, yes)).status).toBe(200);
  });

  it("are known at once after a restart, from the copy, though the source is silent and the start does not wait for it", async () => {
    const since = Date.now();
    await becomes("leads", "a fresh copy", ({ readAt }) => Date.parse(readAt ?? "") > since);
    answer = "silent";
    await arena.broker().kill();
    await arena.restart();
    expect(await calendar("leads")).toMatchObject({ isGood: true, onCall: ["bob@example.com"] });
    answer = { status: 200, body: rota("bob@example.com") };
    expect(asked).toBeGreaterThan(0);
  });
});

describe("a configuration with calendars", () => {
  it("is told which are not there, or have two sources", async () => {
    const text = readFileSync(arena.configFile, "utf8");
    const wrong = join(arena.folder, "wrong.yaml");
    writeFileSync(
      wrong,
      text
        .replace("onCall: primary", "onCall: primery")
        .replace('"oncall:leads"', '"oncall:leeds"')
        .replace("file: ./oncall.ics", "file: ./oncall.ics, url: https://example.com/x"),
    );
    const table = join(arena.folder, "any.yaml");
    writeFileSync(table, "cases: [{ resource: db-prod, role: readonly, expect: refused }]\n");
    const ran = await runOperator(wrong, "policy", "test", table);
    expect(ran.code).not.toBe(0);
    const said = `${ran.stdout}${ran.stderr}`;
    expect(said).toContain("is not a calendar of this file; did you mean primary?");
    expect(said).toContain("is not a calendar of this file; did you mean leads?");
    expect(said).toContain("must have either a file or a url");
  });

  it("is tried with the turns that a table lays down, and with those of files", async () => {
    const table = join(arena.folder, "cases.yaml");
    writeFileSync(
      table,
      `calendars:
  primary:
    - { from: 2026-10-24T20:00:00+02:00, until: 2026-10-25T08:00:00+01:00, who: [alice] }
cases:
  - { as: alice, groups: [engineering], resource: db-prod, role: readwrite, for: 10m, ticket: INC-1, at: 2026-10-25T07:30:00+01:00, expect: allowed }
  - { as: alice, groups: [engineering], resource: db-prod, role: readwrite, for: 10m, ticket: INC-1, at: 2026-10-25T08:00:00+01:00, expect: refused }
  - { as: bob, groups: [engineering], resource: db-prod, role: readwrite, for: 10m, ticket: INC-1, at: 2026-10-25T07:30:00+01:00, expect: refused }
`,
    );
    const laidDown = await runOperator(arena.configFile, "policy", "test", table);
    expect(laidDown).toMatchObject({ code: 0, stdout: expect.stringContaining("3 of 3 as expected") });
    save(rota("carol@example.com"));
    writeFileSync(
      table,
      `cases:
  - { as: x, email: carol@example.com, groups: [engineering], resource: db-prod, role: readwrite, for: 10m, ticket: INC-1, expect: allowed }
  - { as: x, groups: [engineering], resource: db-prod, role: readwrite, for: 10m, ticket: INC-1, expect: refused }
`,
    );
    expect(await runOperator(arena.configFile, "policy", "test", table)).toMatchObject({ code: 0 });
  });
});
