import { request } from "node:http";

/** The answer to one call; `body` as JSON. */
export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

/** Somebody who is signed in at a broker and calls its API as the CLI does. */
export interface Caller {
  readonly token: string;
  call<Body = unknown>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer<Body>>;
}

/**
 * Calls the broker at `url` with a phi token. Rejects when there is no answer. Each call has a connection of its own, because
 * brokers come and go.
 */
export function callerWith(url: string, token: string): Caller {
  return {
    token,
    call<Body>(method: string, path: string, body?: unknown, signal?: AbortSignal) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
        ...(text === undefined
          ? {}
          : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
      };
      return new Promise<Answer<Body>>((resolve, reject) => {
        const call = request(
          `${url}${path}`,
          { method, headers, agent: false, ...(signal === undefined ? {} : { signal }) },
          (answer) => {
            let said = "";
            answer.setEncoding("utf8");
            answer.on("data", (chunk: string) => {
              said += chunk;
            });
            answer.on("error", reject);
            answer.on("end", () => {
              try {
                const parsed = (said === "" ? undefined : JSON.parse(said)) as Body;
                resolve({ status: answer.statusCode ?? 0, body: parsed });
              } catch (error) {
                reject(error);
              }
            });
          },
        );
        call.on("error", reject);
        call.end(text);
      });
    },
  };
}

/** Signs in by RFC 8628, with the development issuer's way of saying yes without a browser. */
export async function signInAt(url: string, issuerUrl: string, login: string): Promise<Caller> {
  const form = (fields: Record<string, string>) => ({
    method: "POST",
    body: new URLSearchParams({ client_id: "phi-cli", ...fields }),
  });
  const started = (await (
    await fetch(`${issuerUrl}/device/auth`, form({ scope: "openid profile email groups" }))
  ).json()) as { device_code: string; user_code: string };
  await fetch(`${issuerUrl}/dev/approve`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user_code: started.user_code, login }),
  });
  const tokens = await fetch(
    `${issuerUrl}/token`,
    form({ grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: started.device_code }),
  );
  const { id_token: idToken } = (await tokens.json()) as { id_token?: string };
  const reply = await callerWith(url, "").call<{ token?: string }>("POST", "/v1/sign-ins", { idToken, host: "bench" });
  if (reply.body.token === undefined) throw new Error(`sign-in of ${login}: ${reply.status}`);
  return callerWith(url, reply.body.token);
}
