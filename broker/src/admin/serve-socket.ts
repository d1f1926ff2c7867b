import { chmodSync, lstatSync, mkdirSync, unlinkSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { PhiError } from "@phi/shared/errors";
import type { Log } from "../ports/log.js";
import { type AdminCall, adminCalls } from "./contract.js";

/** Kernels keep 104 to 108 bytes for the path of a socket, its end included; a longer one is cut or refused. */
const LONGEST_PATH = 103;
const BODY_LIMIT = 16 * 1024;

/** What the socket can reach; each gets a parsed order. */
export type AdminHandlers = Readonly<Record<AdminCall, (order: never) => Promise<unknown>>> & {
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
};

/**
 * Serves operators on a Unix socket with mode 0600: who may open it is who may read the ledger, so there is nothing to sign in to.
 * `POST /CALL` with a JSON order, and `GET /metrics`.
 *
 * @throws PhiError `already_running` when another broker serves there, `config_invalid` when the path cannot be used.
 */
export async function serveSocket(
  path: string,
  handlers: AdminHandlers,
  log: Log,
): Promise<{ close(): Promise<void> }> {
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw unusable(path, `is longer than the ${LONGEST_PATH} bytes that a socket's path may have`);
  }
  await makeRoom(path);
  const server = createServer((request, response) => {
    answer(request, response, handlers, log).catch(() => response.destroy());
  });
  server.requestTimeout = 10_000;
  // Between listening and chmod nobody else may connect either: the umask decides what the socket is born with.
  const umask = process.umask(0o077);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
  } catch (error) {
    throw unusable(path, `cannot be made (${String((error as { code?: unknown }).code ?? "unknown")})`);
  } finally {
    process.umask(umask);
  }
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A broker that was killed leaves its socket behind; one that answers is alive. */
async function makeRoom(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw unusable(path, "is there already and is no socket");
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => resolve(true));
    probe.once("error", () => resolve(false));
    probe.once("close", () => resolve(false));
    setTimeout(() => probe.destroy(), 1_000).unref();
    probe.once("connect", () => probe.destroy());
  });
  if (alive) {
    throw new PhiError("already_running", `Another broker serves operators at ${path}.`, {
      hint: "Stop it, or give this one its own adminSocket.",
    });
  }
  unlinkSync(path);
}

function unusable(path: string, why: string): PhiError {
  return new PhiError("config_invalid", `The admin socket ${path} ${why}.`, {
    hint: "Set adminSocket to another path.",
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: AdminHandlers,
  log: Log,
): Promise<void> {
  try {
    if (request.method === "GET" && request.url === "/metrics") {
      response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
      response.end(await handlers.metrics());
      return;
    }
    const call = request.method === "POST" ? request.url?.slice(1) : undefined;
    if (call === undefined || !isCall(call)) throw new PhiError("not_found", "There is no such call on this socket.");
    const order = adminCalls[call].order.safeParse(await readJson(request));
    if (!order.success) {
      const [issue] = order.error.issues;
      throw new PhiError(
        "invalid_input",
        `${issue?.path.join(".") || "The order"}: ${issue?.message ?? "is not valid"}.`,
      );
    }
    const handle: (order: never) => Promise<unknown> = handlers[call];
    send(response, 200, await handle(order.data as never));
  } catch (error) {
    const known = error instanceof PhiError ? error : new PhiError("internal", "phi failed; this is a defect of phi.");
    if (known.code === "internal")
      log.error("operator's call failed", { name: error instanceof Error ? error.name : "" });
    send(response, known.status, { code: known.code, message: known.message, hint: known.hint });
  }
}

function isCall(word: string): word is AdminCall {
  return Object.hasOwn(adminCalls, word);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > BODY_LIMIT) throw new PhiError("body_too_large", "The order is too large.");
  }
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch {
    throw new PhiError("invalid_input", "The order is not JSON.");
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
