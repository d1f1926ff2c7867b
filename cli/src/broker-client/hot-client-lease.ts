import os from "node:os";
import type { LeaseOrderInput, LeaseReply } from "@phi/shared/contract/lease";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import { asPhiError } from "../terminal/as-phi-error.js";
import { writeAll } from "../terminal/write.js";
import { type RequestChoice, requestChoices } from "./answers-problem.js";
import type { HotClient } from "./hot-client.js";

/** Which request is meant: an id, or the name of a resource, or neither when there is only one. */
export interface Meant {
  readonly request?: string;
  readonly resource?: string;
}

export interface LeaseWish {
  readonly meant: Meant;
  /** `--role`: which of several is meant; and a lease with another role is given back at once. */
  readonly role: string | undefined;
  readonly use: LeaseOrderInput["use"];
  /** Already redacted. */
  readonly command: readonly string[];
  /** It has a terminal, so that it can be recorded. */
  readonly terminal: boolean;
  readonly noInput: boolean;
  readonly noColor: boolean;
  /** The command that means the same with the request named, to be shown after a choice. */
  readonly spelledOut: (request: string) => string;
}

/** Asks for a lease; when several requests could be meant, lets the person pick, or lists them in the error. */
export async function askForLease(client: HotClient, wish: LeaseWish): Promise<LeaseReply> {
  const order = {
    ...{ use: wish.use, command: [...wish.command], host: hostName() },
    ...(wish.terminal ? { terminal: true } : {}),
  };
  try {
    return await checkRole(client, wish, await client.makeLease({ ...wish.meant, ...order }));
  } catch (error) {
    const known = asPhiError(error);
    const usable = known?.code === "several_usable_requests" ? requestChoices(known.data?.requests) : [];
    const choices = usable.filter(({ role }) => wish.role === undefined || role === wish.role);
    const [only, another] = choices;
    if (known === undefined || usable.length === 0) throw error;
    if (only === undefined) throw noSuchRole(wish);
    if (another === undefined) return client.makeLease({ request: only.request, ...order });
    if (!(await mayAsk(wish.noInput))) throw severalMeant(known, choices, wish);
    const request = await letPick(choices, wish);
    writeAll(2, `phi: ${wish.spelledOut(request)}\n`);
    return client.makeLease({ request, ...order });
  }
}

async function checkRole(client: HotClient, wish: LeaseWish, reply: LeaseReply): Promise<LeaseReply> {
  if (wish.role === undefined || reply.role === wish.role) return reply;
  await client.endLease(reply.lease, { because: "not_started" });
  throw noSuchRole(wish);
}

function noSuchRole({ role, meant }: LeaseWish): PhiError {
  const where = meant.resource === undefined ? "" : ` on ${printable(meant.resource, 64)}`;
  return new PhiError(
    "no_usable_request",
    `None of your usable requests${where} has the role "${printable(role ?? "", 64)}".`,
    { hint: "phi requests" },
  );
}

/** Reads the word that stands before `--`: an id of a request, in any case, or the name of a resource. */
export function readMeant(typed: string | undefined, requestFlag: string | undefined): Meant {
  if (requestFlag !== undefined) return { request: requestFlag, ...(typed === undefined ? {} : { resource: typed }) };
  if (typed === undefined) return {};
  return /^req_/i.test(typed) ? { request: typed } : { resource: typed };
}

/** Whether a person can be asked: somebody types into stdin, reads stderr, and `--no-input` was not given. */
async function mayAsk(noInput: boolean): Promise<boolean> {
  const { isTerminal } = await import("../terminal/style.js");
  return !noInput && isTerminal(0) && isTerminal(2);
}

function severalMeant(known: PhiError, choices: readonly RequestChoice[], wish: LeaseWish): PhiError {
  const list = choices.map(({ request, resource, role }) => `${request} (${resource} as ${role})`).join(", ");
  return new PhiError(known.code, `${known.message} They are: ${list}.`, {
    hint: wish.spelledOut(choices[0]?.request ?? "req_…"),
    data: { requests: choices },
  });
}

async function letPick(choices: readonly RequestChoice[], wish: LeaseWish): Promise<string> {
  const { pick } = await import("../terminal/pick.js");
  return pick(
    "Under which request?",
    choices.map(({ request, resource, role, reason }) => ({
      name: `${resource} as ${role}  ${request}${reason === undefined ? "" : `  ${reason}`}`,
      value: request,
    })),
    { colour: !wish.noColor },
  );
}

/** For the record; the contract wants 1 to 255 characters. */
function hostName(): string {
  const name = printable(os.hostname(), 255);
  return name === "" ? "unknown" : name;
}
