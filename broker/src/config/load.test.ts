import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PhiError } from "@phi/shared/errors";
import { Secret } from "@phi/shared/secret";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Config } from "./config.js";
import { kinds } from "./kinds.testing.js";
import { loadConfig } from "./load.js";

const WHOLE = `listen: 127.0.0.1:7420
publicUrl: https://phi.example.com/
database: file:./phi.db
issuer: { url: https://login.example.com, clientId: phi-cli }
signIn: { maxAge: 8h }
admins: [group:phi-admins]
auditors: [group:auditor, "principal:carol"]
resources:
  db-prod:
    kind: postgres
    description: orders database
    url: \${env:DB_PROD_ADMIN_URL}
    roles:
      readonly: { memberOf: [app_readonly] }
      readwrite: { memberOf: [app_readwrite] }
policies:
  - name: engineers read production
    requesters: [group:engineering]
    resources: [db-prod]
    roles: [readonly]
    maxDuration: 4h
    approval: { from: [group:db-leads], count: 1 }
    reason: required
    pendingFor: 12h
`;
const ADMIN_URL = "postgres://phi:canary-secret@db/app";

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "phi-config-"));
  file = join(folder, "phi.yaml");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function load(text: string | Uint8Array, env: Record<string, string> = { DB_PROD_ADMIN_URL: ADMIN_URL }) {
  await writeFile(file, text);
  return loadConfig(file, { env, kinds });
}

/** The problems of a refused file, each as `LINE:COL path: message`. */
async function problemsOf(text: string | Uint8Array, env?: Record<string, string>): Promise<string[]> {
  const error = await load(text, env).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PhiError)) throw new Error("the file was accepted", { cause: error });
  expect(error.code).toBe("config_invalid");
  const lines = error.message.split("\n").slice(1);
  for (const line of lines) expect(line.startsWith(`${file}:`) || line.startsWith("and ")).toBe(true);
  return lines.map((line) => line.slice(file.length + 1));
}

describe("a whole file", () => {
  test("comes back parsed: durations in seconds, defaults filled in, the admin address a secret", async () => {
    const config = await load(WHOLE);
    expect(config).toMatchObject({
      listen: { host: "127.0.0.1", port: 7420 },
      publicUrl: "https://phi.example.com",
      database: { path: join(folder, "phi.db"), url: `file://${folder}/phi.db` },
      issuer: {
        url: "https://login.example.com",
        clientId: "phi-cli",
        groupsClaim: "groups",
        scopes: "openid profile email groups",
      },
      signIn: { maxAge: 28_800 },
      admins: ["group:phi-admins"],
      auditors: ["group:auditor", "principal:carol"],
      warnings: [],
    });
    expect(config.policies).toEqual([
      {
        effect: "allow",
        name: "engineers read production",
        requesters: ["group:engineering"],
        resources: ["db-prod"],
        roles: ["readonly"],
        maxDuration: 14_400,
        approval: { stages: [{ from: ["group:db-leads"], count: 1 }] },
        reason: "required",
        ticket: "optional",
        pendingFor: 43_200,
        claimWithin: 28_800,
        starts: "first_use",
      },
    ]);
    const resource = config.resources.get("db-prod");
    expect(resource).toMatchObject({ name: "db-prod", kind: "postgres", description: "orders database" });
    expect([...(resource?.roles ?? [])]).toEqual([
      ["readonly", { memberOf: ["app_readonly"], connectionLimit: 5 }],
      ["readwrite", { memberOf: ["app_readwrite"], connectionLimit: 5 }],
    ]);
    expect(adminUrl(config).reveal()).toBe(ADMIN_URL);
    expect(JSON.stringify([config, [...config.resources]])).not.toContain("canary-secret");
  });

  test("has a hash that follows the text and not the line ends", async () => {
    const { hash } = await load(WHOLE);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect((await load(`\ufeff${WHOLE.replaceAll("\n", "\r\n")}`)).hash).toBe(hash);
    expect((await load(WHOLE.replace("4h", "5h"))).hash).not.toBe(hash);
  });

  test("has a hash of its policies that follows what they say, not how it is written", async () => {
    const { policyHash } = await load(WHOLE);
    expect((await load(WHOLE.replace("maxDuration: 4h", "# as agreed\n    maxDuration: 240m"))).policyHash).toBe(
      policyHash,
    );
    expect((await load(WHOLE.replace("publicUrl: https://phi.example.com/\n", ""))).policyHash).toBe(policyHash);
    expect((await load(WHOLE.replace("maxDuration: 4h", "maxDuration: 5h"))).policyHash).not.toBe(policyHash);
  });

  test("may take any plain value from the environment too", async () => {
    const text = WHOLE.replace("clientId: phi-cli", `clientId: "\${env:CLIENT}"`);
    const config = await load(text, { DB_PROD_ADMIN_URL: ADMIN_URL, CLIENT: "phi-cli-2" });
    expect(config.issuer.clientId).toBe("phi-cli-2");
  });

  test("may name a libSQL server instead of a file", async () => {
    const text = WHOLE.replace("file:./phi.db", `libsql://ledger.example.com\ndatabaseToken: "\${env:TOKEN}"`);
    const { database } = await load(text, { DB_PROD_ADMIN_URL: ADMIN_URL, TOKEN: "t0ken" });
    expect(database).toMatchObject({ url: "https://ledger.example.com" });
    expect(database.token?.reveal()).toBe("t0ken");
    expect(database.path).toBeUndefined();
  });
});

describe("secrets", () => {
  test("in a file of one's own come without a warning and without the last line end", async () => {
    await writeFile(join(folder, "admin-url"), `${ADMIN_URL}\n`, { mode: 0o600 });
    const config = await load(WHOLE.replace(`\${env:DB_PROD_ADMIN_URL}`, `\${file:./admin-url}`));
    expect(adminUrl(config).reveal()).toBe(ADMIN_URL);
    expect(config.warnings).toEqual([]);
  });

  test("in a file that others may read are warned about", async () => {
    await chmod(join(folder, "admin-url"), 0o644);
    const config = await load(WHOLE.replace(`\${env:DB_PROD_ADMIN_URL}`, `\${file:admin-url}`));
    expect(config.warnings).toEqual([
      `${file}:12:10 resources.db-prod.url: comes from admin-url, which others may read; run: chmod 600 admin-url`,
    ]);
  });

  test("written in the configuration itself work, become secrets and are warned about", async () => {
    const config = await load(WHOLE.replace(`\${env:DB_PROD_ADMIN_URL}`, ADMIN_URL));
    expect(adminUrl(config)).toBeInstanceOf(Secret);
    expect(config.warnings).toHaveLength(1);
    expect(config.warnings[0]).toMatch(/phi\.yaml:12:10 resources\.db-prod\.url: is a secret that stands in the file/);
    expect(config.warnings.join()).not.toContain("canary-secret");
  });

  test.each([
    ["a variable that is not set", `\${env:NOT_SET}`, "needs the environment variable NOT_SET, which is not set"],
    ["a name no variable has", `\${env:a b}`, `does not name an environment variable; write \${env:NAME}`],
    ["a file that is not there", `\${file:./nowhere}`, "comes from ./nowhere, which cannot be read: it does not exist"],
    ["a folder", `\${file:.}`, "comes from ., which cannot be read: it is not a regular file"],
    [
      "an unknown kind of reference",
      `\${vault:x}`,
      `is a reference of an unknown kind; allowed are \${env:NAME} and \${file:PATH}`,
    ],
    [
      "a reference inside other text",
      `postgres://u:\${env:PW}@h/d`,
      "mixes a reference with other text; a reference must be the whole value",
    ],
  ])("from %s is one problem at its line, and nothing else about that field", async (_, value, message) => {
    expect(await problemsOf(WHOLE.replace(`\${env:DB_PROD_ADMIN_URL}`, value))).toEqual([
      `12:10 resources.db-prod.url: ${message}`,
    ]);
  });

  test("that are wrong never stand in the error", async () => {
    const problems = await problemsOf(WHOLE, { DB_PROD_ADMIN_URL: "mysql://canary-secret" });
    expect(problems).toEqual(["12:10 resources.db-prod.url: must be a postgres:// address"]);
  });
});

test("all mistakes of a file are listed at once, in the order of the file, each with its place and a way out", async () => {
  const problems = await problemsOf(
    `lissen: 127.0.0.1:7420
publicUrl: http://phi.example.com
database: sqlite.db
issuer: { url: http://login.example.com, clientID: phi }
signIn: { maxAge: forever }
admins: [phi-admins]
resources:
  DB:
    kind: postgres
    url: \${env:NOPE}
    roles: { readonly: { memberOf: [] } }
  cache:
    kind: reddis
    roles: { all: {} }
  db-stage:
    kind: postgres
    url: \${env:URL}
    graveyrad: x
    connect: { port: "5432" }
    roles: { readonly: { memberof: [a] } }
policies:
  - name: one
    requesters: []
    resources: [db-stage]
    roles: [readonly]
    maxDuration: 3600
  - name: one
    requesters: [group:a]
    resources: [db-stgae, "zzz*"]
    roles: [readonly]
    maxDuration: 4 hours
  - name: two
    requesters: [group:a]
    resources: [db-stage]
    roles: [readnoly]
    maxDuration: 4h
    approval: { from: ["principal:x"], count: 2 }
    reason: requierd
  - name: two
    requesters: [group:a]
    resources: [db-stage]
    roles: [readnoly]
    maxDuration: 400d
  - name: three
    requesters: [group:a]
    resources: ["db-*"]
    roles: [readonly, readwrite]
    maxDuration: 4h
    approval: { from: ["principal:x"], count: 2 }
  - name: three
    requesters: [group:a]
    resources: ["db-*"]
    roles: [readonly]
    maxDuration: 4h
`,
    { URL: ADMIN_URL },
  );
  expect(problems.join("\n")).toMatchInlineSnapshot(`
    "1:1 lissen: is not a field phi knows; allowed are listen, publicUrl, database, databaseToken, databasePlainHttp, issuer, signIn, adminSocket, metrics, audit, notify, admins, auditors, recordings, calendars, resources, policies; did you mean listen?
    2:12 publicUrl: must use https; http is for loopback addresses only
    3:11 database: must begin with file:, http://, https:// or libsql://
    4:1 issuer.clientId: is missing
    4:16 issuer.url: must use https; http is for loopback addresses only
    4:42 issuer.clientID: is not a field phi knows; allowed are url, clientId, groupsClaim, scopes; did you mean clientId?
    5:19 signIn.maxAge: is not a length of time; write for example 45s, 30m or 1h30m, at most 30d
    6:10 admins[0]: must be group:NAME or principal:SUBJECT (the subject the issuer gives, not a name or an address)
    8:3 resources.DB: this name must be lower-case letters, digits and dashes, at most 63
    10:10 resources.DB.url: needs the environment variable NOPE, which is not set
    11:26 resources.DB.roles.readonly.memberOf: must list at least one
    13:11 resources.cache.kind: is not a kind this broker knows; allowed: postgres, redis; did you mean redis?
    18:5 resources.db-stage.graveyrad: is not a field phi knows; allowed are kind, description, roles, url, connect, graveyard; did you mean graveyard?
    19:22 resources.db-stage.connect.port: must be a number, not a text
    20:14 resources.db-stage.roles.readonly.memberOf: is missing
    20:26 resources.db-stage.roles.readonly.memberof: is not a field phi knows; allowed are recording, recordInput, memberOf, connectionLimit; did you mean memberOf?
    23:5 policies[0].requesters: must list at least one
    26:18 policies[0].maxDuration: must be a length of time; write for example 45s, 30m or 1h30m, at most 366d
    27:11 policies[1].name: is the name of policies[0] too; names of policies are unique
    29:17 policies[1].resources[0]: is not a resource of this file; did you mean db-stage?
    29:27 policies[1].resources[1]: stands for no resource of this file
    31:18 policies[1].maxDuration: is not a length of time; write for example 45s, 30m or 1h30m, at most 366d
    35:13 policies[2].roles[0]: is not a role of these resources; they have readonly; did you mean readonly?
    37:47 policies[2].approval.count: can never be reached: only 1 person is named
    38:13 policies[2].reason: must be one of required, optional; did you mean required?
    39:11 policies[3].name: is the name of policies[2] too; names of policies are unique
    42:13 policies[3].roles[0]: is not a role of these resources; they have readonly; did you mean readonly?
    43:18 policies[3].maxDuration: is not a length of time; write for example 45s, 30m or 1h30m, at most 366d
    47:23 policies[4].roles[1]: is not a role of these resources; they have readonly
    49:47 policies[4].approval.count: can never be reached: only 1 person is named
    50:11 policies[5].name: is the name of policies[4] too; names of policies are unique"
  `);
});

test("a resource that offers none of a policy's roles is pointed at", async () => {
  const text = WHOLE.replace("[db-prod]", "[db-prod, cache]").replace(
    "policies:",
    `  cache: { kind: redis, url: "\${env:DB_PROD_ADMIN_URL}", roles: { all: { commands: ["+@all"] } } }\npolicies:`,
  );
  expect(await problemsOf(text)).toEqual([
    "20:26 policies[0].resources[1]: has none of the roles of this policy; it has all",
  ]);
});

describe("what is not a configuration", () => {
  test.each([
    ["an empty file", "", "1:1 must be a mapping, not empty"],
    ["a list", "- a\n", "1:1 must be a mapping, not a list"],
    ["broken YAML", "listen: [1\nissuer: }", /^2:\d+ this is not YAML: /],
    [
      "a field that stands twice",
      `${WHOLE}listen: 127.0.0.1:1\n`,
      "25:1 the same field stands twice in one mapping; keep one",
    ],
    ["two documents", `${WHOLE}---\na: 1\n`, /this is not YAML: Source contains multiple documents/],
    ["a tag of a programming language", `${WHOLE}admins2: !!js/function x\n`, /this is not YAML: Unresolved tag/],
    ["an alias bomb", bomb(), "1:1 uses anchors and aliases more than 100 times"],
    ["nesting without end", "[".repeat(200_000), /^1:\d+ (?:is nested too deeply|this is not YAML)/],
    [
      "a name that is none",
      WHOLE.replace("  db-prod:", "  __proto__:"),
      /^9:3 resources\.__proto__: is not a name that can be used$/m,
    ],
  ])("%s is refused in one sentence with its place", async (_, text, expected) => {
    const problems = (await problemsOf(text)).join("\n");
    if (typeof expected === "string") expect(problems).toContain(expected);
    else expect(problems).toMatch(expected);
  });

  test.each([
    [
      "larger than 1 MiB",
      () => load(`# ${"x".repeat(1_048_576)}\n${WHOLE}`),
      /cannot be read: it is larger than 1048576 bytes\.$/,
    ],
    ["not text", () => load(Uint8Array.of(0x6c, 0xff, 0xfe)), /cannot be read: it is not UTF-8 text\.$/],
    [
      "not there",
      () => loadConfig(join(folder, "other.yaml"), { env: {}, kinds }),
      /cannot be read: it does not exist\.$/,
    ],
    ["a folder", () => loadConfig(folder, { env: {}, kinds }), /cannot be read: it is not a regular file\.$/],
  ])("a file that is %s is refused", async (_, attempt, message) => {
    await expect(attempt()).rejects.toMatchObject({ code: "config_invalid", message: expect.stringMatching(message) });
  });
});

describe("addresses", () => {
  test.each(["https://login.example.com", "http://127.0.0.1:4000", "http://localhost:4000/realm", "http://[::1]:4000"])(
    "%s may be an issuer, kept letter by letter",
    async (url) => {
      expect((await load(WHOLE.replace("https://login.example.com", `"${url}"`))).issuer.url).toBe(url);
    },
  );

  test.each([
    ["http://login.example.com", "must use https; http is for loopback addresses only"],
    ["http://127.0.0.1.example.com", "must use https; http is for loopback addresses only"],
    ["https://user:pw@login.example.com", "must not hold a user name or a password"],
    ["https://login.example.com?tenant=1", "must not have a query or a fragment"],
    ["login.example.com", "must be a whole address, for example https://login.example.com"],
    ["ftp://login.example.com", "must be a whole address, for example https://login.example.com"],
  ])("%s may not be an issuer", async (url, message) => {
    expect(await problemsOf(WHOLE.replace("https://login.example.com", `"${url}"`))).toEqual([
      `4:16 issuer.url: ${message}`,
    ]);
  });

  test.each([
    ["0.0.0.0:80", { host: "0.0.0.0", port: 80 }],
    ["'[::1]:0'", { host: "::1", port: 0 }],
    ["localhost:7420", { host: "localhost", port: 7420 }],
  ])("the broker may listen on %s", async (listen, parsed) => {
    expect((await load(WHOLE.replace("127.0.0.1:7420", listen))).listen).toEqual(parsed);
  });

  test.each(["7420", "'127.0.0.1'", "127.0.0.1:70000", "'::1:7420'", "http://127.0.0.1:7420"])(
    "it may not listen on %s",
    async (listen) => {
      const [problem] = await problemsOf(WHOLE.replace("127.0.0.1:7420", listen));
      expect(problem).toMatch(/^1:9 listen: must be /);
    },
  );

  test("a broker open to the network without a public address is warned about", async () => {
    const text = WHOLE.replace("127.0.0.1:7420", "0.0.0.0:7420").replace(/publicUrl.*\n/, "");
    expect((await load(text)).warnings).toEqual([
      expect.stringContaining("phi.yaml:1:9 listen: is open to the network without publicUrl"),
    ]);
  });

  test("the ledger's path may hold spaces and signs, and an absolute one stays", async () => {
    const odd = join(folder, "a b%20ü");
    await mkdir(odd);
    expect((await load(WHOLE.replace("file:./phi.db", `"file:./a b%20ü/phi.db"`))).database.path).toBe(
      join(odd, "phi.db"),
    );
    expect((await load(WHOLE.replace("file:./phi.db", "file:///var/lib/phi/phi.db"))).database.path).toBe(
      "/var/lib/phi/phi.db",
    );
  });
});

test("a file with very many mistakes lists a hundred and counts the rest", async () => {
  const problems = await problemsOf(Array.from({ length: 150 }, (_, index) => `field${index}: 1`).join("\n"));
  expect(problems).toHaveLength(101);
});

function adminUrl(config: Config): Secret {
  return (config.resources.get("db-prod") as { config: { url: Secret } }).config.url;
}

function bomb(): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 9; level++) {
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ")}]`);
  }
  return lines.join("\n");
}

test("stages of approval come back in order, and their slips are told", async () => {
  const staged = WHOLE.replace(
    "approval: { from: [group:db-leads], count: 1 }",
    "approval: { stages: [{ from: [group:db-leads] }, { from: [principal:carol, principal:dave], count: 2 }] }",
  );
  expect((await load(staged)).policies[0]).toMatchObject({
    approval: {
      stages: [
        { from: ["group:db-leads"], count: 1 },
        { from: ["principal:carol", "principal:dave"], count: 2 },
      ],
    },
  });
  expect(await problemsOf(staged.replace("count: 2", "count: 3"))).toEqual([
    "22:17 policies[0].approval.stages: can never be reached: only 2 people are named",
  ]);
  expect(await problemsOf(staged.replace("approval: {", "approval: { count: 1,"))).toEqual([
    "22:17 policies[0].approval.count: stands in each of the stages; remove it here",
  ]);
  expect(await problemsOf(WHOLE.replace("from: [group:db-leads], count: 1", "count: 1"))).toEqual([
    "22:5 policies[0].approval.from: is missing",
  ]);
});

test("a deny policy, hours and patterns come back as a rule, and their slips are told", async () => {
  const more = `${WHOLE}  - name: no changes at the weekend
    effect: deny
    resources: ["*"]
    roles: [readwrite]
    during: [{ days: [sat-sun, mon], hours: "22:00-06:00", timeZone: Europe/Berlin }]
    message: ask the people on call
`;
  expect((await load(more)).policies[1]).toEqual({
    effect: "deny",
    name: "no changes at the weekend",
    resources: ["*"],
    roles: ["readwrite"],
    during: [{ days: ["sat", "sun", "mon"], from: 1_320, until: 360, timeZone: "Europe/Berlin" }],
    message: "ask the people on call",
  });
  const slips = more
    .replace("sat-sun", "sat-sunday")
    .replace('"22:00-06:00"', "22-6")
    .replace("Europe/Berlin", "Berlin")
    .replace("    message:", "    maxDuration: 1h\n    message:")
    .replace("reason: required", 'reason: required\n    reasonPattern: "(INC"\n    message: hello')
    .replace("    requesters: [group:engineering]\n", "");
  expect(await problemsOf(slips)).toEqual([
    "17:5 policies[0].requesters: is missing",
    '23:20 policies[0].reasonPattern: is not a pattern phi knows: it has a "(" without its ")"',
    "24:5 policies[0].message: is for deny policies only; remove it",
    "30:23 policies[1].during[0].days[0]: must be a day or days: mon, tue, wed, thu, fri, sat, sun, or for example mon-fri",
    "30:48 policies[1].during[0].hours: must be hours such as 09:00-17:00, 22:00-06:00 or 00:00-24:00",
    "30:64 policies[1].during[0].timeZone: is not a time zone; write its IANA name, for example Europe/Berlin or UTC",
    "31:5 policies[1].maxDuration: means nothing in a deny policy; remove it",
  ]);
});
