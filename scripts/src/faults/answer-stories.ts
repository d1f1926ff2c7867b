import { setTimeout as sleep } from "node:timers/promises";
import type { DelegationView } from "@phi/shared/contract/delegation";
import type { LockReply } from "@phi/shared/contract/lock";
import type { RequestView } from "@phi/shared/contract/request";
import { approve, ask, eventsOf, issue, must, untilOver } from "./steps.js";
import type { Story } from "./stories.js";

/** What people decide about each other's access, besides a plain yes. */
export const answerStories: Readonly<Record<string, Story>> = {
  "requests that come to nothing": {
    tell: async (people, promised) => {
      const denied = await ask(people, promised, "readonly", 600);
      await must(people.bob, `/v1/requests/${denied}/approvals`, { verdict: "deny", reason: "not on Fridays" });
      promised.push({ kind: "request.denied", id: denied });
      const withdrawn = await ask(people, promised, "readonly", 600);
      await must(people.alice, `/v1/requests/${withdrawn}/withdraw`);
      promised.push({ kind: "request.withdrawn", id: withdrawn });
    },
  },
  "less than was asked": {
    tell: async (people, promised) => {
      const request = await ask(people, promised, "readonly", 600);
      const { body } = await people.bob.call<RequestView>("GET", `/v1/requests/${request}`);
      await must(people.bob, `/v1/requests/${request}/offers`, { duration: 300, hash: body.hash });
      promised.push({ kind: "offer.made", id: request });
      await must(people.alice, `/v1/requests/${request}/accept`, { role: "readonly", duration: 300 });
      promised.push({ kind: "offer.accepted", id: request });
      await issue(people, promised, request, "command");
      await must(people.alice, `/v1/requests/${request}/end`);
    },
  },
  "a resource that is locked, and a person": {
    tell: async (people, promised) => {
      const used = await ask(people, promised, "readonly", 600);
      await approve(people, promised, used);
      await issue(people, promised, used, "command");
      await ask(people, promised, "readonly", 600);
      for (const target of [
        { on: "resource", name: "db-prod" },
        { on: "principal", name: "bob" },
      ]) {
        const { lock } = await must<LockReply>(people.dave, "/v1/locks", { ...target, reason: "INC-43" });
        promised.push({ kind: "lock.set", id: lock });
        await must(people.dave, "/v1/locks/lift", target);
        promised.push({ kind: "lock.lifted", id: lock });
      }
    },
  },
  "an emergency that is reviewed": {
    tell: async (people, promised) => {
      const order = {
        resource: "db-prod",
        role: "readonly",
        duration: 600,
        reason: "orders are stuck",
        emergency: true,
      };
      const { request } = await must<RequestView>(people.alice, "/v1/requests", order);
      promised.push({ kind: "request.created", id: request });
      await issue(people, promised, request, "command");
      await must(people.alice, `/v1/requests/${request}/end`);
      promised.push({ kind: "request.ended", id: request });
      await must(people.bob, `/v1/requests/${request}/review`, { verdict: "ok", reason: "looked at every command" });
      promised.push({ kind: "review.given", id: request });
      await untilOver(people);
    },
  },
  "a colleague who answers": {
    tell: async (people, promised) => {
      const order = { to: "carol", duration: 600, resource: "db-prod", reason: "on holiday" };
      const { delegation } = await must<DelegationView>(people.bob, "/v1/delegations", order);
      promised.push({ kind: "delegation.created", id: delegation });
      const request = await ask(people, promised, "readonly", 600);
      await approve({ ...people, bob: people.carol }, promised, request);
      await must(people.bob, `/v1/delegations/${delegation}/end`);
      promised.push({ kind: "delegation.ended", id: delegation });
    },
  },
  "a delegation and a review whose time is over": {
    patient: true,
    tell: async (people, promised) => {
      const order = { to: "carol", duration: 1, reason: "for a moment" };
      const { delegation } = await must<DelegationView>(people.bob, "/v1/delegations", order);
      promised.push({ kind: "delegation.created", id: delegation });
      const emergency = {
        resource: "db-prod",
        role: "impatient",
        duration: 1,
        reason: "orders are stuck",
        emergency: true,
      };
      const { request } = await must<RequestView>(people.alice, "/v1/requests", emergency);
      promised.push({ kind: "request.created", id: request });
      for (const kind of ["delegation.ended", "review.overdue"])
        while ((await eventsOf(people.carol, kind)).length === 0) await sleep(200);
    },
  },
};
