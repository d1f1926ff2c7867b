/** What is asked of the network: `fetch` of the platform, or one that goes through a proxy. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface FetchLimits {
  /** Milliseconds until the whole answer must be there. */
  readonly within: number;
  /** Bytes of the body. */
  readonly atMost: number;
}

/**
 * Fetches one JSON document: status 200, no redirects, within the limits. Rejects with an `Error` that says in a few
 * words what was wrong.
 */
export async function fetchJson(fetch: Fetch, url: string, { within, atMost }: FetchLimits): Promise<unknown> {
  const signal = AbortSignal.timeout(within);
  const headers = { accept: "application/json" };
  const response = await fetch(url, { redirect: "error", signal, headers }).catch((cause: unknown) => {
    throw new Error(signal.aborted ? `no answer within ${within / 1000} s` : "no connection", { cause });
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`status ${response.status} where 200 was expected`);
  }
  const text = await readBody(response, atMost).catch((cause: unknown) => {
    if (signal.aborted) throw new Error(`no whole answer within ${within / 1000} s`, { cause });
    throw cause;
  });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error("the answer is not JSON");
  }
}

async function readBody(response: Response, atMost: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    // Leaving the loop cancels the rest of the body.
    if (length > atMost) throw new Error(`the answer is larger than ${atMost} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
