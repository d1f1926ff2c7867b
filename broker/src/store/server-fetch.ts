import { PhiError } from "@phi/shared/errors";

/** One call to the database's server, in ms; its answers are small and its statements short. */
const ANSWER_WITHIN = 5_000;
/** A server that is being restarted refuses connections for a moment; what only reads may ask again, after so many ms. */
const AGAIN_AFTER = [100, 300, 600];

/**
 * How the database's server is called: a bounded wait, and failures in words. A `PhiError` `store_unavailable` from here says in
 * `data.answered` whether the server has said no (`true`), or whether what was asked may or may not have happened (`false`).
 */
export function createServerFetch(address: string, { retry }: { readonly retry: boolean }): typeof fetch {
  async function once(request: Request): Promise<Response> {
    try {
      // The body too within the time: a server may stop in the middle of its answer.
      const response = await fetch(request, { signal: AbortSignal.timeout(ANSWER_WITHIN) });
      const body = await response.arrayBuffer();
      if (response.status === 401 || response.status === 403) throw refused(address);
      const { status, statusText, headers } = response;
      return new Response(body, { status, statusText, headers });
    } catch (error) {
      if (error instanceof PhiError) throw error;
      throw isDistrust(error) ? distrusted(address, error) : unreachable(error);
    }
  }

  return async (input, init) => {
    const request = new Request(input, init);
    if (!retry) return once(request);
    for (const pause of AGAIN_AFTER) {
      try {
        return await once(request.clone());
      } catch (error) {
        if (!isRefusedConnection(error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    return once(request);
  };
}

/** Why nothing was recorded, or read, just now. Names no address: people outside see it. */
export function unreachable(cause: unknown): PhiError {
  return new PhiError("store_unavailable", "The broker's database does not answer.", {
    hint: "Try again in a moment; if it stays, the broker's operator should look at the database server.",
    data: { answered: false },
    cause,
  });
}

function refused(address: string): PhiError {
  return new PhiError("store_unavailable", `The database at ${address} refuses the broker's token.`, {
    hint: "Check databaseToken in the broker's configuration.",
    data: { answered: true },
  });
}

/** Its certificate, or what it speaks, is wrong: it would be so again. */
function isDistrust(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return /CERT|^ERR_(?:TLS|SSL)|^UNABLE_TO_(?:GET|VERIFY)/.test(code);
}

function distrusted(address: string, cause: unknown): PhiError {
  return new PhiError(
    "store_unavailable",
    `The database at ${address} cannot be opened: this machine does not trust its certificate.`,
    {
      hint: "Name the certificate of its authority in NODE_EXTRA_CA_CERTS=FILE, and start the broker again.",
      data: { answered: true },
      cause,
    },
  );
}

/** Whether nobody took the call: a connection refused, reset or closed, rather than an answer that is late. */
function isRefusedConnection(error: unknown): boolean {
  return error instanceof PhiError && error.data?.answered === false && !isTimeout(error.cause);
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}
