import type { DelegationOrder } from "@phi/shared/contract/delegation";
import { PhiError } from "@phi/shared/errors";
import { newId, parseId } from "@phi/shared/ids";
import { toRfc3339 } from "@phi/shared/time";
import type { Caller } from "../domain/caller.js";
import type { Delegation } from "../domain/delegation.js";
import { samePrincipal } from "../domain/principal.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Delegations } from "../ports/delegations.js";
import type { Ledger } from "../ports/ledger.js";
import type { Locks, People } from "../ports/locks.js";
import { throwIfLocked } from "./locked-out.js";

interface Needs {
  readonly ledger: Ledger;
  readonly delegations: Delegations;
  readonly people: People;
  readonly catalogue: Pick<Catalogue, "resource">;
  readonly locks: Locks;
  readonly clock: Clock;
}

export interface Delegating {
  /** @throws PhiError `not_found`, `usage`, `own_request`, `resource_unknown`, `locked` */
  delegate(caller: Caller, order: DelegationOrder): Promise<Delegation>;
  list(caller: Caller): Promise<Delegation[]>;
  /** By who gave it, who got it, or an admin. @throws PhiError `not_found` */
  end(caller: Caller, typed: string): Promise<Delegation>;
}

/** Hands approvals over to somebody who has signed in, for a span; lists what is in force; ends it early. */
export function createDelegating({ ledger, delegations, people, catalogue, locks, clock }: Needs): Delegating {
  return {
    async delegate({ principal }, order) {
      const to = await find(order);
      if (samePrincipal(to, principal)) {
        throw new PhiError("usage", "You cannot hand your approvals over to yourself.", { hint: "Name a colleague." });
      }
      if (order.resource !== undefined && catalogue.resource(order.resource) === undefined) {
        throw new PhiError("resource_unknown", `There is no resource "${order.resource}".`, {
          hint: "Without --resource it is for all of them.",
        });
      }
      const now = clock.now();
      const { issuer, subject, name } = principal;
      const made: Delegation = {
        id: newId("delegation"),
        from: { issuer, subject, name },
        to,
        resource: order.resource,
        reason: order.reason,
        createdAt: now,
        until: now + order.duration * 1_000,
      };
      const outcome = await ledger.commit({
        guard: { do: "insert_delegation", delegation: made },
        events: [
          {
            id: newId("event"),
            at: now,
            kind: "delegation.created",
            actor: principal,
            resource: made.resource,
            data: { delegation: made.id, to: { ...to }, until: toRfc3339(made.until), reason: made.reason },
          },
        ],
      });
      if (outcome === "moved") return made;
      await throwIfLocked(locks, { principal });
      await throwIfLocked(locks, { principal: to });
      throw new PhiError("wrong_state", "Somebody was locked just now, and is not any more.", { hint: "Try again." });
    },

    list: ({ principal }) => delegations.of(principal, clock.now()),

    async end({ principal, isAdmin }, typed) {
      const id = parseId("delegation", typed);
      const found = id && (await delegations.one(id));
      const isTheirs = found && [found.from, found.to].some((one) => samePrincipal(one, principal));
      const at = clock.now();
      const ended =
        found !== undefined &&
        (isTheirs || isAdmin) &&
        (await ledger.commit({
          guard: { do: "end_delegation", id: found.id, at },
          events: [
            {
              id: newId("event"),
              at,
              kind: "delegation.ended",
              actor: principal,
              resource: found.resource,
              data: { ...aboutDelegation(found), because: "ended" },
            },
          ],
        })) === "moved";
      if (!ended || found === undefined) {
        throw new PhiError("not_found", `There is no delegation ${typed} in force that is yours.`, {
          hint: "phi delegate lists them.",
        });
      }
      return found;
    },
  };

  /** Matched by issuer and subject from here on; a name is only how it was typed. */
  async function find({ to, subject }: DelegationOrder): Promise<Delegation["to"]> {
    const known = (await people.called(to)).filter((one) => subject !== true || one.subject === to);
    const [only, another] = known;
    if (only === undefined) {
      throw new PhiError("not_found", `Nobody called "${to}" has signed in yet.`, {
        hint: "They must have signed in once: phi login",
      });
    }
    if (another === undefined) return only;
    throw new PhiError("usage", `Several people are called "${to}".`, {
      hint: `Name one by the subject: ${known.map((one) => `--to ${one.subject} --subject`).join("  or  ")}`,
    });
  }
}

/** Who handed over to whom, as the events of its end say it. */
export function aboutDelegation({ id, from, to }: Delegation) {
  return { delegation: id, from: { ...from }, to: { ...to } };
}

/** Delegations that are over at once; the rest at the next pass. */
const AT_ONCE = 100;

/** Every delegation whose span is over has its `delegation.ended`; it gave no right since that instant. */
export async function endOverDelegations(ledger: Ledger, delegations: Delegations, now: number): Promise<void> {
  const over = await delegations.over(now, AT_ONCE);
  await Promise.all(
    over.map((one) =>
      ledger.commit({
        guard: { do: "end_delegation", id: one.id, at: one.until },
        events: [
          {
            id: newId("event"),
            at: now,
            kind: "delegation.ended",
            resource: one.resource,
            data: { ...aboutDelegation(one), because: "expired" },
          },
        ],
      }),
    ),
  );
}
