import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newKey, publishKeys, sign, type TestKey } from "./published-keys.testing.js";
import { KEYS_AGE, KEYS_COOLDOWN } from "./signing-keys.js";
import { createIdTokenVerifier } from "./verify-id-token.js";

let now: number;
let issuer: Awaited<ReturnType<typeof publishKeys>>;
let first: TestKey;
let second: TestKey;
let verify: ReturnType<typeof createIdTokenVerifier>;
beforeEach(async () => {
  now = Date.UTC(2026, 10, 22);
  [first, second] = await Promise.all([newKey("ES256", "first"), newKey("ES256", "second")]);
  issuer = await publishKeys([first]);
  verify = createIdTokenVerifier({ issuerUrl: issuer.url, clientId: "phi-cli", clock: { now: () => now } });
});
afterEach(() => issuer.goDown());

const token = (key: TestKey) =>
  sign(key, { iss: issuer.url, aud: "phi-cli", sub: "alice", iat: now / 1000, exp: now / 1000 + 300 });
const accepted = { subject: "alice" };
const unreachable = { code: "issuer_unreachable" };
const rejected = { code: "id_token_rejected" };

describe("rotation", () => {
  test("a new key works without a restart", async () => {
    await expect(verify(await token(first))).resolves.toMatchObject(accepted);
    issuer.publish([second, first]);
    now += KEYS_COOLDOWN;
    await expect(verify(await token(second))).resolves.toMatchObject(accepted);
    await expect(verify(await token(first))).resolves.toMatchObject(accepted);
    expect(issuer.timesKeysWereAsked()).toBe(2);
  });

  test("many sign-ins with a new key at once all work and ask once", async () => {
    await verify(await token(first));
    issuer.publish([second]);
    now += KEYS_COOLDOWN;
    const tokens = await Promise.all(Array.from({ length: 20 }, () => token(second)));
    const outcomes = await Promise.allSettled(tokens.map((one) => verify(one)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(20);
    expect(issuer.timesKeysWereAsked()).toBe(2);
  });

  test("a withdrawn key is refused once what we know is ten minutes old, also by a clock that was set back", async () => {
    await verify(await token(first));
    issuer.publish([second]);
    now += KEYS_AGE - 1_000;
    await expect(verify(await token(first))).resolves.toMatchObject(accepted);
    now += 1_000;
    await expect(verify(await token(first))).rejects.toMatchObject(rejected);
    issuer.publish([first]);
    now -= 3_600_000;
    await expect(verify(await token(first))).resolves.toMatchObject(accepted);
  });

  test("a flood of invented key ids asks the issuer once per cooldown", async () => {
    await verify(await token(first));
    const flood = async () => {
      for (let index = 0; index < 200; index++) {
        await expect(verify(await token({ ...second, kid: `invented-${index}` }))).rejects.toMatchObject(rejected);
      }
    };
    await flood();
    expect(issuer.timesKeysWereAsked()).toBe(1);
    now += KEYS_COOLDOWN;
    await flood();
    expect(issuer.timesKeysWereAsked()).toBe(2);
  });
});

describe("an issuer that does not answer", () => {
  test("refuses sign-ins calmly, and the next one after it is back works", async () => {
    await issuer.goDown();
    await expect(verify(await token(first))).rejects.toMatchObject({
      code: "issuer_unreachable",
      message: `The signing keys of the issuer ${issuer.url} cannot be read: no connection.`,
    });
    await issuer.comeBack();
    await expect(verify(await token(first))).resolves.toMatchObject(accepted);
  });

  test("does not matter while its keys are fresh, and does when they are old", async () => {
    await verify(await token(first));
    await issuer.goDown();
    now += KEYS_AGE - 1_000;
    await expect(verify(await token(first))).resolves.toMatchObject(accepted);
    now += 1_000;
    await expect(verify(await token(first))).rejects.toMatchObject(unreachable);
    await issuer.comeBack();
  });

  test("is asked again only after the cooldown when a stranger's key id is the reason", async () => {
    await verify(await token(first));
    await issuer.goDown();
    now += KEYS_COOLDOWN;
    await expect(verify(await token(second))).rejects.toMatchObject(unreachable);
    await expect(verify(await token(second))).rejects.toMatchObject(rejected);
    await issuer.comeBack();
  });

  test("gets five seconds and no more", { timeout: 15_000 }, async () => {
    issuer.answer("/jwks", (_, response) => void response.writeHead(200).write('{"keys":['));
    const started = performance.now();
    await expect(verify(await token(first))).rejects.toMatchObject(unreachable);
    expect(performance.now() - started).toBeLessThan(7_000);
  });
});

test.each<[string, (server: typeof issuer) => void, RegExp]>([
  [
    "names itself differently",
    (it) => it.describeAs({ issuer: `${it.url}/`, jwks_uri: `${it.url}/jwks` }),
    /names itself differently/,
  ],
  ["has no jwks_uri", (it) => it.describeAs({ issuer: it.url }), /not what OpenID Connect asks for/],
  [
    "points to keys in a file",
    (it) => it.describeAs({ issuer: it.url, jwks_uri: "file:///etc/passwd" }),
    /not what OpenID Connect asks for/,
  ],
  [
    "sends its readers elsewhere",
    (it) => it.answer("/jwks", (_, r) => void r.writeHead(302, { location: "/other" }).end()),
    /no connection/,
  ],
  [
    "fails",
    (it) => it.answer("/jwks", (_, r) => void r.writeHead(500).end("secret stack trace")),
    /status 500 where 200 was expected/,
  ],
  [
    "answers with a page",
    (it) => it.answer("/jwks", (_, r) => void r.writeHead(200).end("<html>")),
    /the answer is not JSON/,
  ],
  [
    "never stops talking",
    (it) => it.answer("/jwks", (_, r) => void r.writeHead(200).end(" ".repeat(300_000))),
    /larger than 262144 bytes/,
  ],
  [
    "has keys that are none",
    (it) => it.answer("/jwks", (_, r) => void r.writeHead(200).end('{"keys":[1]}')),
    /not what OpenID Connect asks for/,
  ],
])("an issuer that %s is as good as unreachable, until it is mended", async (_, spoil, message) => {
  spoil(issuer);
  await expect(verify(await token(first))).rejects.toMatchObject({
    ...unreachable,
    message: expect.stringMatching(message),
  });
  issuer.publish([first]);
  issuer.describeAs({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` });
  await expect(verify(await token(first))).resolves.toMatchObject(accepted);
});
