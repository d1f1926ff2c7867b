import { setTimeout as sleep } from "node:timers/promises";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { LeaseReply } from "@phi/shared/contract/lease";
import type { RequestView } from "@phi/shared/contract/request";
import type { People } from "./case.js";
import type { Promised } from "./stories.js";

export async function ask(people: People, promised: Promised[], role: string, duration: number): Promise<string> {
  const order = { resource: "db-prod", role, duration, reason: "INC-42" };
  const { status, body } = await people.alice.call<RequestView>("POST", "/v1/requests", order);
  if (status !== 201) throw new Error(`asking: ${JSON.stringify(body)}`);
  promised.push({ kind: "request.created", id: body.request });
  return body.request;
}

export async function approve(people: People, promised: Promised[], request: string): Promise<void> {
  const shown = await people.bob.call<RequestView>("GET", `/v1/requests/${request}`);
  const { status } = await people.bob.call("POST", `/v1/requests/${request}/approvals`, {
    verdict: "approve",
    hash: shown.body.hash,
  });
  if (status !== 200) throw new Error(`approving: ${status}`);
  promised.push({ kind: "request.approved", id: request });
}

/** Asks for more time. */
export async function extend(people: People, promised: Promised[], request: string, duration: number): Promise<string> {
  const order = { duration, reason: "not done yet" };
  const { status, body } = await people.alice.call<RequestView>("POST", `/v1/requests/${request}/extensions`, order);
  if (status !== 201) throw new Error(`extending: ${JSON.stringify(body)}`);
  promised.push({ kind: "request.created", id: body.request });
  return body.request;
}

/** A credential, made and handed over; the whole answer. */
export async function hand(
  people: People,
  promised: Promised[],
  request: string,
  how: { readonly use: "command" | "window"; readonly terminal: boolean },
): Promise<LeaseReply> {
  const order = { request, ...how, command: ["psql"], host: "laptop" };
  const { status, body } = await people.alice.call<LeaseReply>("POST", "/v1/leases", order);
  if (status !== 201) throw new Error(`issuing: ${JSON.stringify(body)}`);
  promised.push({ kind: "lease.issued", id: body.lease });
  return body;
}

export async function issue(
  people: People,
  promised: Promised[],
  request: string,
  use: "command" | "window",
): Promise<string> {
  return (await hand(people, promised, request, { use, terminal: false })).lease;
}

/** Until the broker has done by itself what is to be done: everything closed, every lease proven revoked. */
export async function untilOver({ alice }: People): Promise<void> {
  for (;;) {
    const { body } = await alice.call<{ requests: RequestView[] }>("GET", "/v1/requests?scope=mine");
    const open = body.requests.filter(
      ({ state, leases }) =>
        ["pending", "approved", "active"].includes(state) || leases.some((lease) => lease.state !== "revoked"),
    );
    if (open.length === 0) return;
    await sleep(100);
  }
}

/** Until every lease is proven revoked; requests may stay open. */
export async function untilRevoked({ alice }: People): Promise<void> {
  for (;;) {
    const { body } = await alice.call<{ requests: RequestView[] }>("GET", "/v1/requests?scope=mine");
    if (body.requests.every(({ leases }) => leases.every(({ state }) => state === "revoked"))) return;
    await sleep(100);
  }
}

/** One call that must be answered with yes; what comes back. */
export async function must<Body>(who: People[keyof People], path: string, body: unknown = {}): Promise<Body> {
  const answer = await who.call<Body>("POST", path, body);
  if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** What an auditor reads of one kind. */
export async function eventsOf({ call }: People[keyof People], kind: string): Promise<AuditEvent[]> {
  return (await call<{ events: AuditEvent[] }>("GET", `/v1/audit?limit=1000&kind=${kind}`)).body.events;
}
