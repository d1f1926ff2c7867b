import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RequestView } from "@phi/shared/contract/request";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Arena,
  approvedRequest,
  auditOf,
  eventually,
  issue,
  openArena,
  openSession,
  type Voice,
} from "./arena.testing.js";
import { runOperator } from "./operator.testing.js";
import { isSigned, type ReceivedCall, startHttpReceiver } from "./receivers.testing.js";
import { readMail, startMailServer } from "./smtp.testing.js";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const EMERGENCY =
  "    emergency: { maxDuration: 30m, notify: [group:auditor], reviewers: [group:db-leads], reviewWithin: 24h }\n";
/** What somebody types who wants to ping everybody, and to have a link of their own clicked. */
const HOSTILE =
  'INC-42 <!channel> <https://evil.example|approve> [approve](https://evil.example) <b onclick="x">&amp; @here';

let chat: Awaited<ReturnType<typeof startHttpReceiver>>;
let mail: Awaited<ReturnType<typeof startMailServer>>;
let arena: Arena;
let alice: Voice;
let bob: Voice;
let carol: Voice;
beforeAll(async () => {
  [chat, mail] = await Promise.all([startHttpReceiver(() => 200), startMailServer()]);
  chat.answerBody = () => '{"ok":true}';
  arena = await openArena({
    config: (text) => `${text.replace("    maxDuration: 1h\n", `    maxDuration: 1h\n${EMERGENCY}`)}
notify:
  channels:
    slack: { kind: slack, webhook: "\${file:./slack}" }
    app: { kind: slack-app, token: "\${file:./token}", channel: C042, api: "http://127.0.0.1:${chat.port}/app" }
    teams: { kind: teams, webhook: "\${file:./teams}" }
    pager: { kind: webhook, url: "http://127.0.0.1:${chat.port}/pager", secrets: ["\${file:./whsec}"] }
    mail: { kind: email, server: "\${file:./smtp}", from: "phi <phi@example.com>" }
    broken: { kind: webhook, url: "http://127.0.0.1:1/", secrets: ["\${file:./whsec}"] }
  rules:
    - { on: [asked, decided, ended, reminder, escalated], through: [slack, app, teams, pager, broken] }
    - { on: [asked, reminder], through: [mail], tell: [approvers] }
    - { on: [decided, ended], through: [mail], tell: [requester] }
    - { on: [delegated, locked], through: [slack, mail] }
    - { on: [escalated], through: [mail], tell: [escalation] }
  addresses:
    "group:bosses": [boss@example.com]
  remindAfter: 3s
  escalate: { after: 6s, to: ["group:bosses"] }
`,
    before(folder) {
      const put = (name: string, value: string) => writeFileSync(join(folder, name), `${value}\n`, { mode: 0o600 });
      put("slack", `http://127.0.0.1:${chat.port}/slack/T0/B0/secret-of-slack`);
      put("teams", `http://127.0.0.1:${chat.port}/teams?sig=secret-of-teams`);
      put("token", "xoxb-secret-token");
      put("whsec", SECRET);
      put("smtp", `smtp://127.0.0.1:${mail.port}`);
    },
  });
  [alice, bob, carol] = await Promise.all([arena.signIn("alice"), arena.signIn("bob"), arena.signIn("carol")]);
});
afterAll(async () => {
  await arena?.close();
  await Promise.all([chat?.stop(), mail?.stop()]);
});

const to = (path: string) => (call: ReceivedCall) => call.path.startsWith(path);
const about = (id: string) => (call: { body: string }) => call.body.includes(id);
const mailsAbout = (id: string) => mail.mails.filter((one) => readMail(one).text.includes(id));
const ask = async (reason = HOSTILE) => {
  const asked = await alice.call<RequestView>("POST", "/v1/requests", {
    resource: "db-prod",
    role: "readonly",
    duration: 600,
    reason,
  });
  expect(asked.status).toBe(201);
  return asked.body;
};

describe("when somebody asks", () => {
  it("every channel says who, what and why, with the command that answers, and nothing that decides", async () => {
    const { request } = await ask();
    for (const path of ["/slack", "/app", "/teams", "/pager"]) {
      const call = await eventually(`${path} was told`, 15_000, async () =>
        chat.taken.filter(to(path)).find(about(request)),
      );
      const said = JSON.stringify(JSON.parse(call.body));
      expect(said).toContain("alice asks for db-prod as readonly for 10m");
      expect(said).toContain(`phi approve ${request}`);
      expect(said).toContain(path === "/pager" ? `"broker":"http://127.0.0.1` : "phi broker: http://127.0.0.1");
      expect(said).not.toMatch(/"type":"(?:button|Action\.|actions)/);
    }
    const [told] = await eventually("bob has mail", 15_000, async () => {
      const mails = mailsAbout(request);
      return mails.length > 0 ? mails : undefined;
    });
    expect(told?.to, "who may answer; not who asked").toEqual(["bob@example.com"]);
    const { headers, text } = readMail(told ?? { from: "", to: [], data: "" });
    expect(headers).toMatch(/^Subject: alice asks for db-prod as readonly for 10m$/m);
    expect(headers).toMatch(/^Auto-Submitted: auto-generated$/m);
    expect(headers).not.toMatch(/bob@example\.com/);
    expect(text).toContain(`phi approve ${request}`);
    expect(text).toContain(HOSTILE);
    expect(text).toContain("&lt;b onclick=&quot;x&quot;&gt;&amp;amp; @here");
    expect(text.slice(text.indexOf("<p><b>"))).not.toMatch(/<a |<b onclick|<!channel/);
  }, 60_000);

  it("what people typed makes no mention, link or format in any chat", async () => {
    const slack = JSON.parse(chat.taken.find(to("/slack"))?.body ?? "{}") as {
      text: string;
      link_names: boolean;
      blocks: { text: { type: string; text: string } }[];
    };
    expect(slack.text).not.toMatch(/[<>]/);
    expect(slack.link_names).toBe(false);
    for (const { text } of slack.blocks) if (text.type !== "plain_text") expect(text.text).not.toContain("evil");
    const teams = JSON.parse(chat.taken.find(to("/teams"))?.body ?? "{}") as {
      attachments: { content: { body: { type: string; inlines: { type: string; text: string }[] }[] } }[];
    };
    const blocks = teams.attachments[0]?.content.body ?? [];
    expect(blocks.length).toBeGreaterThan(3);
    for (const block of blocks) {
      expect(block.type).toBe("RichTextBlock");
      for (const inline of block.inlines) expect(inline.type).toBe("TextRun");
    }
  });

  it("the app is given its token and channel, and programs get a signed call with the event", async () => {
    const app = chat.taken.find(to("/app"));
    expect(app?.headers.authorization).toBe("Bearer xoxb-secret-token");
    expect(JSON.parse(app?.body ?? "{}")).toMatchObject({ channel: "C042" });
    const pager = chat.taken.find(to("/pager"));
    expect(pager && isSigned(pager, SECRET)).toBe(true);
    expect(JSON.parse(pager?.body ?? "{}")).toMatchObject({
      type: "notice.asked",
      data: { event: { kind: "request.created", event: pager?.headers["webhook-id"] } },
    });
  });

  it("nobody answering: who may answer is reminded once, then others are told once, and nobody after the answer", async () => {
    const { request } = await ask("INC-43");
    await eventually("reminded and escalated", 30_000, async () => {
      const titles = mailsAbout(request).map((one) => readMail(one).headers);
      return titles.some((one) => one.includes("Subject: Nobody has answered yet")) ? titles : undefined;
    });
    const mails = mailsAbout(request).map((one) => [one.to, /Subject: (\w+)/.exec(readMail(one).headers)?.[1]]);
    expect(mails).toEqual([
      [["bob@example.com"], "alice"],
      [["bob@example.com"], "Still"],
      [["boss@example.com"], "Nobody"],
    ]);
    const view = await bob.call<RequestView>("GET", `/v1/requests/${request}`);
    const answer = await bob.call("POST", `/v1/requests/${request}/approvals`, {
      verdict: "deny",
      reason: "not now",
      ...("digest" in view.body ? { digest: view.body.digest } : {}),
    });
    expect(answer.status).toBe(200);
    const last = await eventually("alice has mail", 15_000, async () => mailsAbout(request)[3]);
    expect(last.to).toEqual(["alice@example.com"]);
    expect(readMail(last).headers).toContain("Subject: Denied by bob: alice, db-prod as readonly for 10m");
    const events = await auditOf(carol, `&request=${request}`);
    expect(events.map(({ kind }) => kind)).toEqual([
      "request.created",
      "request.reminded",
      "request.escalated",
      "request.denied",
    ]);
  }, 60_000);
});

it("an emergency that no rule mentions goes through every channel, to its reviewers and whom policy names", async () => {
  const taken = await alice.call<RequestView>("POST", "/v1/requests", {
    resource: "db-prod",
    role: "readwrite",
    duration: 600,
    reason: "INC-911",
    emergency: true,
  });
  expect(taken.status).toBe(201);
  const { request } = taken.body;
  const told = await eventually("people have mail", 15_000, async () => mailsAbout(request)[0]);
  expect([...told.to].sort()).toEqual(["bob@example.com", "carol@example.com"]);
  expect(readMail(told).headers).toMatch(/^Subject: EMERGENCY: alice took db-prod as readwrite for 10m/m);
  for (const path of ["/slack", "/app", "/teams", "/pager"]) {
    const call = await eventually(`${path} was told`, 15_000, async () =>
      chat.taken.filter(to(path)).find(about(request)),
    );
    expect(call.body).toContain("EMERGENCY: alice took");
    expect(call.body).toContain(`phi review ${request} --ok`);
    expect(call.body, "it asks nobody for an approval").not.toContain("phi approve");
  }
});

describe("a channel that fails", () => {
  it("delays no decision, no credential, no revocation and no other channel", async () => {
    await eventually("it fails", 20_000, async () => {
      const said = await runOperator(arena.configFile, "deliveries", "list", "--json");
      return said.stdout.includes('"destination":"notify:broken"') && said.stdout.includes("ECONNREFUSED");
    });
    const began = performance.now();
    const approved = await approvedRequest(alice, bob);
    const lease = await issue(alice, approved);
    const { ended } = await openSession(lease);
    const end = await bob.call("POST", `/v1/requests/${approved.request}/revoke`, {});
    expect(end.status).toBe(200);
    await ended;
    expect(performance.now() - began).toBeLessThan(5_000);
    await eventually("the others are told", 15_000, async () =>
      chat.taken
        .filter(to("/slack"))
        .some((call) => call.body.includes(`Approved by bob`) && call.body.includes(approved.request)),
    );
  }, 60_000);

  it("that comes back is not told what was answered meanwhile, but the rest, over a broker that was killed", async () => {
    await chat.stop();
    const answered = await approvedRequest(alice, bob);
    const waiting = await ask("INC-44");
    await arena.broker().kill();
    await arena.restart();
    await chat.start();
    await eventually("the waiting one is told", 60_000, async () =>
      chat.taken.filter(to("/slack")).some(about(waiting.request)),
    );
    const asked = chat.taken.filter(to("/slack")).filter(about(answered.request));
    expect(asked.map(({ body }) => /"text":"(\w+)/.exec(body)?.[1])).toEqual(["Approved"]);
  }, 120_000);
});

describe("what is about no request", { timeout: 60_000 }, () => {
  const told = (what: string) =>
    eventually(what, 15_000, async () => chat.taken.filter(to("/slack")).find(({ body }) => body.includes(what)));
  const mailed = (what: string) =>
    eventually(`mail: ${what}`, 15_000, async () => mail.mails.find((one) => readMail(one).text.includes(what)));

  it("is told too: who answers in whose place, to both of them, with what to type", async () => {
    const order = { to: "carol", duration: 3_600, reason: "on holiday" };
    const { body } = await bob.call<{ delegation: string }>("POST", "/v1/delegations", order);
    expect((await told("carol answers in the place of bob")).body).toContain(`phi delegate --end ${body.delegation}`);
    expect([...(await mailed(body.delegation)).to].sort()).toEqual(["bob@example.com", "carol@example.com"]);
    await bob.call("POST", `/v1/delegations/${body.delegation}/end`, {});
    await told("carol no longer answers in the place of bob");
  });

  it("is told too: what is locked, why and by whom, and when it is lifted", async () => {
    expect((await runOperator(arena.configFile, "lock", "resource", "db-prod", "--reason", "moving it")).code).toBe(0);
    const { body } = await told("LOCKED: db-prod");
    expect(body).toContain("moving it");
    expect(body).toContain("phi locks");
    await runOperator(arena.configFile, "unlock", "resource", "db-prod");
    await told("Unlocked: db-prod");
    expect(
      (await runOperator(arena.configFile, "lock", "principal", "alice", "--reason", "her laptop is gone")).code,
    ).toBe(0);
    expect((await mailed("her laptop is gone")).to).toEqual(["alice@example.com"]);
    await runOperator(arena.configFile, "unlock", "principal", "alice");
  });
});

describe("phi-broker notify test", () => {
  it("says whether a channel took it, and exits 1 when not", async () => {
    expect(await runOperator(arena.configFile, "notify", "test", "teams")).toMatchObject({ code: 0, stderr: "" });
    expect(chat.taken.filter(to("/teams")).at(-1)?.body).toContain("phi can reach you here");
    expect((await runOperator(arena.configFile, "notify", "test", "mail")).stderr).toContain("--to ADDRESS");
    const sent = await runOperator(arena.configFile, "notify", "test", "mail", "--to", "eve@example.com");
    expect(sent.code).toBe(0);
    expect(mail.mails.at(-1)?.to).toEqual(["eve@example.com"]);
    mail.refusal = "550 5.1.1 no such user";
    const refused = await runOperator(arena.configFile, "notify", "test", "mail", "--to", "eve@example.com");
    mail.refusal = undefined;
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining("answered 550") });
    const broken = await runOperator(arena.configFile, "notify", "test", "broken");
    expect(broken).toMatchObject({ code: 1, stdout: expect.stringContaining("no answer (ECONNREFUSED)") });
    expect((await runOperator(arena.configFile, "notify", "test", "slak")).stderr).toMatch(/Did you mean slack\?/);
  }, 60_000);
});
