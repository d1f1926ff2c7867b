import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, type JWK } from "jose";

export interface TestKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export async function newKey(alg: string, kid: string): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

/** Signs any claims under any header, also such as no issuer would. */
export function sign(key: TestKey, claims: unknown, header: Record<string, unknown> = {}): Promise<string> {
  const merged = Object.entries({ alg: key.alg, kid: key.kid, typ: "JWT", ...header }).filter(
    ([, value]) => value !== undefined,
  );
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader(Object.fromEntries(merged) as { alg: string })
    .sign(key.privateKey);
}

/** A real HTTP server on loopback that publishes what it is told to, and counts how often it is asked. */
export async function publishKeys(keys: readonly TestKey[]) {
  const answers = new Map<string, RequestListener>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    const answer = answers.get(path);
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const json =
    (value: unknown): RequestListener =>
    (_, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));

  const publish = (published: readonly TestKey[]) =>
    answers.set("/jwks", json({ keys: published.map((key) => key.publicJwk) }));
  const describeAs = (metadata: unknown) => answers.set("/.well-known/openid-configuration", json(metadata));
  publish(keys);
  describeAs({ issuer: url, jwks_uri: `${url}/jwks` });

  return {
    url,
    publish,
    describeAs,
    /** Lets a path be answered in any way. */
    answer: (path: string, listener: RequestListener) => answers.set(path, listener),
    timesKeysWereAsked: () => asked.filter((path) => path === "/jwks").length,
    /** Closes the port; nothing answers any more. */
    goDown: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    comeBack: () => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve)),
  };
}
