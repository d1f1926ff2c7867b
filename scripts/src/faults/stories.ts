import { setTimeout as sleep } from "node:timers/promises";
import type { LeaseReply } from "@phi/shared/contract/lease";
import type { RequestView } from "@phi/shared/contract/request";
import type { People } from "./case.js";

/** What the broker said yes to: it has to be in the audit log, whatever happened since. */
export interface Promised {
  readonly kind: string;
  /** The request or lease. */
  readonly id: string;
}

/** A place to die at, in a story. */
export interface Fault {
  readonly story: string;
  readonly point: string;
}

export interface Story {
  /** A script for people. Ends by itself when all of it was said and done; a call that gets no answer rejects. */
  readonly tell: (people: People, promised: Promised[]) => Promise<void>;
  /** It begins with what such a death left behind. */
  readonly after?: Fault;
  /** Most of it is waiting for half a minute to pass. */
  readonly patient?: boolean;
}

async function ask(people: People, promised: Promised[], role: string, duration: number): Promise<string> {
  const order = { resource: "db-prod", role, duration, reason: "INC-42" };
  const { status, body } = await people.alice.call<RequestView>("POST", "/v1/requests", order);
  if (status !== 201) throw new Error(`asking: ${JSON.stringify(body)}`);
  promised.push({ kind: "request.created", id: body.request });
  return body.request;
}

async function approve(people: People, promised: Promised[], request: string): Promise<void> {
  const shown = await people.bob.call<RequestView>("GET", `/v1/requests/${request}`);
  const { status } = await people.bob.call("POST", `/v1/requests/${request}/approvals`, {
    verdict: "approve",
    hash: shown.body.hash,
  });
  if (status !== 200) throw new Error(`approving: ${status}`);
  promised.push({ kind: "request.approved", id: request });
}

/** Asks for more time. */
async function extend(people: People, promised: Promised[], request: string, duration: number): Promise<string> {
  const order = { duration, reason: "not done yet" };
  const { status, body } = await people.alice.call<RequestView>("POST", `/v1/requests/${request}/extensions`, order);
  if (status !== 201) throw new Error(`extending: ${JSON.stringify(body)}`);
  promised.push({ kind: "request.created", id: body.request });
  return body.request;
}

async function issue(
  people: People,
  promised: Promised[],
  request: string,
  use: "command" | "window",
): Promise<string> {
  const order = { request, use, command: ["psql"], host: "laptop" };
  const { status, body } = await people.alice.call<LeaseReply>("POST", "/v1/leases", order);
  if (status !== 201) throw new Error(`issuing: ${JSON.stringify(body)}`);
  promised.push({ kind: "lease.issued", id: body.lease });
  return body.lease;
}

/** Until the broker has done by itself what is to be done: everything closed, every lease proven revoked. */
async function untilOver({ alice }: People): Promise<void> {
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
async function untilRevoked({ alice }: People): Promise<void> {
  for (;;) {
    const { body } = await alice.call<{ requests: RequestView[] }>("GET", "/v1/requests?scope=mine");
    if (body.requests.every(({ leases }) => leases.every(({ state }) => state === "revoked"))) return;
    await sleep(100);
  }
}

/** Everything that a broker does, in stories that can be told apart. */
export const stories: Readonly<Record<string, Story>> = {
  // First, because most of its deaths wait for the instant after which no create can come: the others pass meanwhile.
  "a target that refuses": {
    tell: async (people, promised) => {
      const request = await ask(people, promised, "missing", 600);
      await approve(people, promised, request);
      await issue(people, promised, request, "command").catch(() => undefined);
      await people.alice.call("POST", `/v1/requests/${request}/end`, {});
      promised.push({ kind: "request.ended", id: request });
    },
  },
  "a command that ends": {
    tell: async (people, promised) => {
      const request = await ask(people, promised, "readonly", 600);
      await approve(people, promised, request);
      const lease = await issue(people, promised, request, "command");
      await people.alice.call("POST", `/v1/leases/${lease}/heartbeat`);
      const end = { exitCode: 0, because: "command_ended" };
      const { body } = await people.alice.call<{ state: string }>("POST", `/v1/leases/${lease}/end`, end);
      if (body.state === "revoked") promised.push({ kind: "lease.revoked", id: lease });
    },
  },
  "a window that closes": {
    tell: async (people, promised) => {
      const request = await ask(people, promised, "readonly", 2);
      await approve(people, promised, request);
      const first = await issue(people, promised, request, "window");
      await people.alice.call("POST", `/v1/leases/${first}/acknowledge`);
      await issue(people, promised, request, "command");
      await untilOver(people);
    },
  },
  "a window that is extended while it is used": {
    tell: async (people, promised) => {
      const request = await ask(people, promised, "readonly", 8);
      await approve(people, promised, request);
      const lease = await issue(people, promised, request, "window");
      await people.alice.call("POST", `/v1/leases/${lease}/acknowledge`);
      const extension = await extend(people, promised, request, 2);
      await approve(people, promised, extension);
      promised.push({ kind: "request.extended", id: request });
      // It lapses with the access.
      await extend(people, promised, request, 2);
      await people.bob.call("POST", `/v1/requests/${request}/revoke`, { reason: "wrong database" });
      promised.push({ kind: "request.ended", id: request });
      await untilOver(people);
    },
  },
  "access that is taken away": {
    tell: async (people, promised) => {
      const request = await ask(people, promised, "readonly", 600);
      await approve(people, promised, request);
      await issue(people, promised, request, "command");
      await people.bob.call("POST", `/v1/requests/${request}/revoke`, { reason: "wrong database" });
      promised.push({ kind: "request.ended", id: request });
      await untilOver(people);
    },
  },
  "requests that lapse": {
    tell: async (people, promised) => {
      await ask(people, promised, "impatient", 600);
      const unused = await ask(people, promised, "impatient", 600);
      await approve(people, promised, unused);
      await untilOver(people);
    },
  },
  "a command that falls silent": {
    patient: true,
    tell: async (people, promised) => {
      const request = await ask(people, promised, "readonly", 600);
      await approve(people, promised, request);
      await issue(people, promised, request, "command");
      await untilRevoked(people);
    },
  },
  "a restart with a revocation half done": {
    after: { story: "access that is taken away", point: "provider.revoke, middle 1" },
    tell: untilRevoked,
  },
  "a restart with a credential half made": {
    after: { story: "access that is taken away", point: "provider.issue, middle 1" },
    patient: true,
    tell: untilRevoked,
  },
};
