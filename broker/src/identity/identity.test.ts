import { type Issuer, startIssuer } from "@phi/scripts/environment/issuer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createIdentity } from "./identity.js";

let issuer: Issuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.stop());

const identity = (withAddresses = false) =>
  createIdentity({
    issuerUrl: issuer.url,
    clientId: "phi-cli",
    groupsClaim: "groups",
    clock: { now: Date.now },
    withAddresses,
  });

test("a person who signs in at a real OpenID provider becomes a principal with their groups", async () => {
  const verified = await identity().verify(await signIn("bob"));
  const bob = { issuer: issuer.url, subject: "bob", name: "bob", groups: ["engineering", "db-leads"] };
  expect(verified.principal).toEqual(bob);
  expect(verified.expiresAt).toBeGreaterThan(Date.now());
  // Only where calendars mean people by their addresses.
  const { principal } = await identity(true).verify(await signIn("bob"));
  expect(principal).toEqual({ ...bob, verifiedEmail: "bob@example.com" });
});

test("when a real provider has withdrawn its old keys, tokens of the new ones work and tokens of the old ones do not", async () => {
  const { verify } = identity();
  const before = await signIn("alice");
  await issuer.rotateKeys({ forget: true });
  await expect(verify(await signIn("carol"))).resolves.toMatchObject({ principal: { subject: "carol" } });
  await expect(verify(before)).rejects.toMatchObject({ code: "id_token_rejected" });
});

/** The device flow (RFC 8628) as a program without a library does it. */
async function signIn(login: string): Promise<string> {
  const client = { client_id: "phi-cli" };
  const device = await post("/device/auth", new URLSearchParams({ ...client, scope: "openid profile email groups" }));
  await post("/dev/approve", JSON.stringify({ user_code: device.user_code, login }));
  const grant = { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: String(device.device_code) };
  const tokens = await post("/token", new URLSearchParams({ ...client, ...grant }));
  return String(tokens.id_token);
}

async function post(path: string, body: string | URLSearchParams): Promise<Record<string, unknown>> {
  const headers = typeof body === "string" ? { "content-type": "application/json" } : {};
  const response = await fetch(`${issuer.url}${path}`, { method: "POST", body, headers });
  return (await response.json()) as Record<string, unknown>;
}
