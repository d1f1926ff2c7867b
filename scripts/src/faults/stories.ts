import { setTimeout as sleep } from "node:timers/promises";
import { answerStories } from "./answer-stories.js";
import type { People } from "./case.js";
import { sessionStories } from "./session-stories.js";
import { approve, ask, eventsOf, extend, issue, untilOver, untilRevoked } from "./steps.js";

/** What the broker said yes to: it has to be in the audit log, whatever happened since. */
export interface Promised {
  /** An audit event's; or "recording". */
  readonly kind: string;
  /** The request, lease, session, lock or delegation. */
  readonly id: string;
  /** Of a recording: so many pieces were taken. */
  readonly pieces?: number;
}

/** A place to die at, in a story. */
export interface Place {
  readonly story: string;
  readonly point: string;
}

export interface Fault extends Place {
  /** Passed whenever the story was told. What is not depends on the pace of the loop's timer. */
  readonly always: boolean;
}

export interface Story {
  /** A script for people. Ends by itself when all of it was said and done; a call that gets no answer rejects. */
  readonly tell: (people: People, promised: Promised[]) => Promise<void>;
  /** On the target, before the broker starts: roles with its mark that it does not know. */
  readonly strangers?: number;
  /** It begins with what such a death left behind. */
  readonly after?: Place;
  /** Most of it is waiting for half a minute to pass: not for a short run. */
  readonly patient?: boolean;
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
      const request = await ask(people, promised, "readonly", 4);
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
  ...answerStories,
  ...sessionStories,
  "a target with a role that nobody knows": {
    strangers: 1,
    tell: async ({ carol }) => {
      while ((await eventsOf(carol, "lease.revoked")).length === 0) await sleep(100);
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
