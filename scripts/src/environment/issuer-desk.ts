import type { IncomingMessage, ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import { approve, deny, type Lookup, lookUp } from "./device-approval.js";
import type { Person } from "./people.js";
import { choicePage, codePage, donePage, pageHeaders } from "./sign-in-page.js";

/** Where people and scripts answer a device that asks to sign in: `/device` for a browser, `/dev/approve` for a script. */
export interface IssuerDesk {
  /** Whether the call was for the desk. When it was, it has been answered. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

const TROUBLE: Record<Exclude<Lookup["found"], "waiting">, { status: number; error: string; message: string }> = {
  unknown: {
    status: 404,
    error: "unknown_user_code",
    message: "There is no such code. Compare it with your terminal.",
  },
  expired: { status: 410, error: "expired_user_code", message: "This code has expired. Start the sign-in again." },
  used: { status: 409, error: "used_user_code", message: "This code has been answered already." },
};

/** @param current the provider of now: rotating keys replaces it */
export function createIssuerDesk(url: string, people: readonly Person[], current: () => Provider): IssuerDesk {
  return {
    async answer(request, response) {
      const { pathname, searchParams } = new URL(request.url ?? "/", url);
      if (pathname !== "/device" && pathname !== "/dev/approve") return false;
      if (fromElsewhere(request, url)) {
        sendJson(response, 403, "cross_origin", "Another web page may not answer here.");
        return true;
      }
      if (pathname === "/dev/approve") await answerScript(request, response);
      else if (request.method === "GET") await showPage(response, searchParams.get("user_code"));
      else if (request.method === "POST") await takeForm(request, response);
      else sendJson(response, 405, "method_not_allowed", "GET and POST only.");
      return true;
    },
  };

  async function showPage(response: ServerResponse, userCode: string | null): Promise<void> {
    if (userCode === null) return sendPage(response, 200, codePage());
    const lookup = await lookUp(current(), userCode);
    if (lookup.found !== "waiting") return sendTrouble(response, lookup.found);
    const { address, agent } = lookup.code.deviceInfo ?? {};
    sendPage(
      response,
      200,
      choicePage(lookup.shown, people, { address: String(address ?? ""), agent: String(agent ?? "") }),
    );
  }

  async function takeForm(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams((await readBody(request)) ?? "");
    const lookup = await lookUp(current(), form.get("user_code") ?? "");
    if (lookup.found !== "waiting") return sendTrouble(response, lookup.found);
    if (form.has("deny")) {
      await deny(lookup.code);
      return sendPage(response, 200, donePage("denied"));
    }
    const person = people.find((candidate) => candidate.login === form.get("login"));
    if (person === undefined) return sendPage(response, 400, codePage("Nobody was chosen."));
    await approve(current(), lookup.code, person);
    sendPage(response, 200, donePage({ approvedAs: person }));
  }

  async function answerScript(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "POST") return sendJson(response, 405, "method_not_allowed", "POST only.");
    // Anything else a web page could send without asking first (Fetch standard, "CORS-safelisted request-header").
    if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
      return sendJson(response, 415, "unsupported_media_type", "The body must be application/json.");
    }
    const order = parseOrder(await readBody(request));
    if (order === undefined) {
      return sendJson(
        response,
        400,
        "invalid_body",
        'The body must be {"user_code", "login"} or {"user_code", "deny": true}.',
      );
    }
    const lookup = await lookUp(current(), order.userCode);
    if (lookup.found !== "waiting") {
      const { status, error, message } = TROUBLE[lookup.found];
      return sendJson(response, status, error, message);
    }
    if (order.deny) {
      await deny(lookup.code);
      return send(response, 200, jsonHeaders, JSON.stringify({ denied: true }));
    }
    const person = people.find((candidate) => candidate.login === order.login);
    if (person === undefined) {
      const known = people.map((candidate) => candidate.login).join(", ");
      return sendJson(response, 400, "unknown_login", `There is nobody of this login here; there are ${known}.`);
    }
    await approve(current(), lookup.code, person);
    send(response, 200, jsonHeaders, JSON.stringify({ approved: true, login: person.login }));
  }
}

/** Whether a browser says that another site sent the call, or that our address was reached under another name (DNS rebinding). */
function fromElsewhere(request: IncomingMessage, url: string): boolean {
  const { origin, host } = request.headers;
  const fetchSite = request.headers["sec-fetch-site"];
  if (host !== new URL(url).host) return true;
  if (request.method === "GET") return false; // following a link is how people come here
  return (
    (origin !== undefined && origin !== url) ||
    !(fetchSite === undefined || fetchSite === "same-origin" || fetchSite === "none")
  );
}

function parseOrder(body: string | undefined): { userCode: string; login?: string; deny: boolean } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body ?? "");
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { user_code: userCode, login, deny: denied } = value as Record<string, unknown>;
  if (typeof userCode !== "string") return undefined;
  if (denied === true) return { userCode, deny: true };
  return typeof login === "string" ? { userCode, login, deny: false } : undefined;
}

/** The body, or `undefined` when it is longer than any honest one. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > 4_096) return undefined;
  }
  return text;
}

const jsonHeaders = { "content-type": "application/json", "cache-control": "no-store" };

function sendJson(response: ServerResponse, status: number, error: string, message: string): void {
  send(response, status, jsonHeaders, JSON.stringify({ error, message }));
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  send(response, status, pageHeaders, html);
}

function sendTrouble(response: ServerResponse, found: Exclude<Lookup["found"], "waiting">): void {
  sendPage(response, TROUBLE[found].status, codePage(TROUBLE[found].message));
}

function send(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body: string): void {
  response.writeHead(status, headers).end(body);
}
