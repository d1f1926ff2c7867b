import { createHmac } from "node:crypto";
import { PhiError } from "@phi/shared/errors";
import { type CryptoKey, exportSPKI, importJWK } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newKey, publishKeys, sign, type TestKey } from "./published-keys.testing.js";
import { createIdTokenVerifier } from "./verify-id-token.js";

const NOW = Date.UTC(2026, 10, 22, 17, 0, 0);
const seconds = NOW / 1000;
const clock = { now: () => NOW };
const clientId = "phi-cli";

let issuer: Awaited<ReturnType<typeof publishKeys>>;
let es256: TestKey;
let rs256: TestKey;
let stranger: TestKey;
beforeAll(async () => {
  [es256, rs256, stranger] = await Promise.all([
    newKey("ES256", "one"),
    newKey("RS256", "two"),
    newKey("ES256", "stranger"),
  ]);
  issuer = await publishKeys([es256, rs256]);
});
afterAll(() => issuer.goDown());

const goodClaims = () => ({ iss: issuer.url, aud: clientId, sub: "alice", iat: seconds - 2, exp: seconds + 300 });
const verifier = () => createIdTokenVerifier({ issuerUrl: issuer.url, clientId, clock });

async function refusal(token: string): Promise<PhiError> {
  const error: unknown = await verifier()(token).then(
    () => new Error("the token was accepted"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PhiError)) throw error;
  expect(error.code).toBe("id_token_rejected");
  return error;
}

const without = (name: string) => Object.fromEntries(Object.entries(goodClaims()).filter(([claim]) => claim !== name));
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("accepted is", () => {
  test.each(["ES256", "RS256", "PS256", "EdDSA"])("a token signed with %s by a published key", async (alg) => {
    const key = await newKey(alg, `key-${alg}`);
    const other = await publishKeys([key]);
    const verify = createIdTokenVerifier({ issuerUrl: other.url, clientId, clock });
    const claims = { ...goodClaims(), iss: other.url, groups: ["engineering"] };
    expect(await verify(await sign(key, claims))).toEqual({
      issuer: other.url,
      subject: "alice",
      expiresAt: NOW + 300_000,
      claims,
    });
    await other.goDown();
  });

  test.each<[string, () => Record<string, unknown>, Record<string, unknown>?]>([
    ["with us as the only entry of a list of audiences", () => ({ ...goodClaims(), aud: [clientId] })],
    ["for us and others when azp is us", () => ({ ...goodClaims(), aud: ["api", clientId], azp: clientId })],
    ["with azp us and one audience", () => ({ ...goodClaims(), azp: clientId })],
    ["made 25 s in the future of our clock", () => ({ ...goodClaims(), iat: seconds + 25 })],
    ["made five minutes ago", () => ({ ...goodClaims(), iat: seconds - 300 })],
    ["without a typ", goodClaims, { typ: undefined }],
    ["with typ application/jwt", goodClaims, { typ: "application/jwt" }],
  ])("a token %s", async (_, claims, header) => {
    await expect(verifier()(await sign(es256, claims(), header))).resolves.toMatchObject({ subject: "alice" });
  });
});

describe("refused is", () => {
  const OTHER_ISSUER = "it is from another issuer than the one this broker trusts";
  const OTHER_PROGRAM = "it was made for another program";
  const OTHER_KIND = "it is another kind of token";
  const NOT_NOW = "it was not made just now";
  const EXPIRED = "it has expired";
  const MALFORMED = "it is not a well-formed token";
  const NOT_ALLOWED = "it is signed in a way that is not allowed";
  const FORGED = "its signature is not the issuer's";

  test.each<[string, () => unknown, string]>([
    ["of another issuer", () => ({ ...goodClaims(), iss: "https://evil.example.com" }), OTHER_ISSUER],
    ["whose issuer has a slash more", () => ({ ...goodClaims(), iss: `${issuer.url}/` }), OTHER_ISSUER],
    ["whose issuer differs by case", () => ({ ...goodClaims(), iss: issuer.url.toUpperCase() }), OTHER_ISSUER],
    ["whose issuer is a list", () => ({ ...goodClaims(), iss: [issuer.url] }), OTHER_ISSUER],
    ["without an issuer", () => without("iss"), OTHER_ISSUER],
    ["for another program", () => ({ ...goodClaims(), aud: "other" }), OTHER_PROGRAM],
    ["for a program whose name begins like ours", () => ({ ...goodClaims(), aud: `${clientId}-2` }), OTHER_PROGRAM],
    ["for nobody", () => without("aud"), OTHER_PROGRAM],
    ["for an empty list", () => ({ ...goodClaims(), aud: [] }), OTHER_PROGRAM],
    ["whose audience is a mapping", () => ({ ...goodClaims(), aud: { 0: clientId } }), OTHER_PROGRAM],
    ["for us and others without azp", () => ({ ...goodClaims(), aud: [clientId, "api"] }), OTHER_PROGRAM],
    [
      "for us and others with another azp",
      () => ({ ...goodClaims(), aud: [clientId, "api"], azp: "api" }),
      OTHER_PROGRAM,
    ],
    ["for us with another azp", () => ({ ...goodClaims(), azp: "api" }), OTHER_PROGRAM],
    ["whose azp is null", () => ({ ...goodClaims(), azp: null }), OTHER_PROGRAM],
    ["whose azp is a list", () => ({ ...goodClaims(), azp: [clientId] }), OTHER_PROGRAM],
    ["that has expired", () => ({ ...goodClaims(), exp: seconds - 31 }), EXPIRED],
    ["without an end", () => without("exp"), "it does not say when it ends"],
    ["whose end is a text", () => ({ ...goodClaims(), exp: String(seconds + 300) }), "it does not say when it ends"],
    ["without iat", () => without("iat"), NOT_NOW],
    ["made six minutes ago", () => ({ ...goodClaims(), iat: seconds - 331 }), NOT_NOW],
    ["made a minute from now", () => ({ ...goodClaims(), iat: seconds + 60 }), NOT_NOW],
    ["whose iat is a text", () => ({ ...goodClaims(), iat: String(seconds) }), NOT_NOW],
    ["that is not valid yet", () => ({ ...goodClaims(), nbf: seconds + 60 }), "it is not valid yet"],
    ["without a subject", () => without("sub"), "it does not say who it is for"],
    ["whose subject is a number", () => ({ ...goodClaims(), sub: 7 }), "its claims are not of the right type"],
    ["that is a security event", () => ({ ...goodClaims(), events: {} }), OTHER_KIND],
    ["that is a list", () => [goodClaims()], MALFORMED],
    ["that is null", () => null, MALFORMED],
  ])("a token %s", async (_, claims, because) => {
    expect((await refusal(await sign(es256, claims()))).message).toBe(`The ID token was not accepted: ${because}.`);
  });

  test.each<[string, () => Promise<string>, string]>([
    ["with typ at+jwt", () => sign(es256, goodClaims(), { typ: "at+jwt" }), OTHER_KIND],
    ["with typ logout+jwt", () => sign(es256, goodClaims(), { typ: "logout+jwt" }), OTHER_KIND],
    ["with typ dpop+jwt", () => sign(es256, goodClaims(), { typ: "dpop+jwt" }), OTHER_KIND],
    [
      "with a critical extension nobody knows",
      async () => forge({ alg: "ES256", kid: "one", crit: ["x"], x: 1 }),
      MALFORMED,
    ],
    ["signed by an unknown key under a known id", () => sign({ ...stranger, kid: es256.kid }, goodClaims()), FORGED],
    [
      "signed by an unknown key",
      () => sign(stranger, goodClaims()),
      "it is signed with a key the issuer does not publish",
    ],
    [
      "that brings its own key",
      () => sign({ ...stranger, kid: es256.kid }, goodClaims(), { jwk: stranger.publicJwk }),
      FORGED,
    ],
    [
      "that says where its key is",
      () => sign({ ...stranger, kid: es256.kid }, goodClaims(), { jku: "http://127.0.0.1:1/" }),
      FORGED,
    ],
    ["with x5u", () => sign({ ...stranger, kid: es256.kid }, goodClaims(), { x5u: "http://127.0.0.1:1/" }), FORGED],
    ["without a signature, alg none", async () => `${part({ alg: "none" })}.${part(goodClaims())}.`, NOT_ALLOWED],
    ["with alg NONE", async () => `${part({ alg: "NONE" })}.${part(goodClaims())}.`, NOT_ALLOWED],
    ["signed by HMAC with the public key as its secret", () => hmacWithPublicKey(), NOT_ALLOWED],
    ["signed with RS512", async () => sign(await newKey("RS512", "two"), goodClaims()), NOT_ALLOWED],
    ["signed with ES384", async () => sign(await newKey("ES384", "one"), goodClaims()), NOT_ALLOWED],
    [
      "with another algorithm than the key's",
      async () => forge({ alg: "RS256", kid: "one" }),
      "it is signed with a key the issuer does not publish",
    ],
    ["whose claims were changed after signing", async () => tampered(await sign(es256, goodClaims())), FORGED],
    ["whose signature was cut", async () => (await sign(es256, goodClaims())).slice(0, -8), FORGED],
    ["of two parts", async () => "e30.e30", MALFORMED],
    ["that is encrypted", async () => "e30.e30.e30.e30.e30", MALFORMED],
    ["that is no token", async () => "not a token at all", MALFORMED],
    ["of nothing", async () => "", MALFORMED],
    ["longer than 16 KiB", () => sign(es256, { ...goodClaims(), pad: "x".repeat(16_384) }), "it is too long"],
  ])("a token %s", async (_, make, because) => {
    expect((await refusal(await make())).message).toBe(`The ID token was not accepted: ${because}.`);
  });

  test("in words that hold nothing of the token", async () => {
    const { message, hint, data } = await refusal(
      await sign(es256, { ...goodClaims(), aud: "canary-aud", sub: "canary-sub" }),
    );
    expect(JSON.stringify({ message, hint, data })).not.toContain("canary");
  });

  function forge(header: Record<string, unknown>): string {
    return `${part(header)}.${part(goodClaims())}.${Buffer.alloc(64, 1).toString("base64url")}`;
  }

  function tampered(token: string): string {
    const [header, , signature] = token.split(".");
    return `${header}.${part({ ...goodClaims(), sub: "bob" })}.${signature}`;
  }

  /** The classic confusion: RFC 8725 §2.1. */
  async function hmacWithPublicKey(): Promise<string> {
    const pem = await exportSPKI((await importJWK(rs256.publicJwk)) as CryptoKey);
    const text = `${part({ alg: "HS256", kid: rs256.kid })}.${part(goodClaims())}`;
    return `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`;
  }
});
