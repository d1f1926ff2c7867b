import { request } from "node:http";
import { isErrorCode, PhiError } from "@phi/shared/errors";
import { type AdminCall, adminCalls, type OrderOf, type ReplyOf } from "./contract.js";

/** A reconciliation may look at slow targets for a minute. */
const ANSWER_WITHIN = 120_000;
const LARGEST_ANSWER = 16 * 1024 * 1024;

/**
 * Asks the running broker. Rejects with what the broker said.
 *
 * @throws PhiError `broker_unreachable` when none serves at `socket`
 */
export async function callBroker<Call extends AdminCall>(
  socket: string,
  call: Call,
  order: OrderOf<Call>,
): Promise<ReplyOf<Call>> {
  const { status, text } = await post(socket, `/${call}`, JSON.stringify(order)).catch((error: unknown) => {
    throw unreachable(socket, String((error as { code?: unknown }).code ?? ""), error);
  });
  const body = parse(text);
  if (status !== 200) {
    const { code, message, hint } = (body ?? {}) as Record<string, unknown>;
    throw new PhiError(isErrorCode(code) ? code : "bad_answer", String(message ?? `The broker answered ${status}.`), {
      hint: typeof hint === "string" ? hint : undefined,
    });
  }
  const reply = adminCalls[call].reply.safeParse(body);
  if (!reply.success) {
    throw new PhiError("bad_answer", "The broker that runs is of another version of phi than this command.", {
      hint: "Restart it with this version, or take the phi-broker that it was started from.",
    });
  }
  return reply.data as ReplyOf<Call>;
}

function unreachable(socket: string, code: string, cause: unknown): PhiError {
  if (code === "EACCES" || code === "EPERM") {
    return new PhiError("not_permitted", `Only the account that runs the broker may use ${socket}.`, {
      hint: "Run this as that account, with sudo -u for example.",
      cause,
    });
  }
  const gone = code === "ENOENT" || code === "ECONNREFUSED";
  return new PhiError(
    "broker_unreachable",
    gone ? `No broker runs there: nothing serves ${socket}.` : `The broker at ${socket} did not answer (${code}).`,
    { hint: gone ? "Name the configuration it was started with: --config FILE" : undefined, cause },
  );
}

function post(socketPath: string, path: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, path, method: "POST", headers: { "content-type": "application/json" } },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > LARGEST_ANSWER) answer.destroy(new Error("too large"));
        });
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
        answer.on("error", reject);
      },
    );
    call.setTimeout(ANSWER_WITHIN, () => call.destroy(Object.assign(new Error("too slow"), { code: "ETIMEDOUT" })));
    call.on("error", reject);
    call.end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
