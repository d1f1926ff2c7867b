import { newId, type RequestId } from "@phi/shared/ids";
import { hashOf } from "../domain/approve.js";
import type { Caller } from "../domain/caller.js";
import type { Lease } from "../domain/lease.js";
import { activate, type Issuing } from "../domain/lease-moves.js";
import { NO_CALENDARS } from "../domain/on-call.js";
import { person, policyOf } from "../domain/policy/policy.testing.js";
import type { PolicyRule } from "../domain/policy/rule.js";
import type { Principal } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import type { Ledger } from "../ports/ledger.js";
import type { EndOutcome, Provider } from "../ports/provider.js";
import { createDelegations } from "../store/delegations.js";
import { createLocks } from "../store/locks.js";
import type { Store } from "../store/store.js";
import { entry, issuingLease, pendingRequest } from "../store/store.testing.js";
import { createAcceptOffer } from "./accept-offer.js";
import { createAssertMayAnswer } from "./answer-rights.js";
import { createCloseRequest } from "./close-request.js";
import { createDecideRequest } from "./decide-request.js";
import { createDossiers } from "./dossier.js";
import { createExtendRequest } from "./extend-request.js";
import { createFileRequest } from "./file-request.js";
import { createFindUsableRequest } from "./find-usable-request.js";
import { createFollowWindow } from "./follow-window.js";
import { createKeepLease } from "./keep-lease.js";
import { createMakeOffer } from "./make-offer.js";
import { createTermsOfOffer } from "./offer-terms.js";
import { createOpenWindow } from "./open-window.js";
import { createSweepDue } from "./sweep-due.js";

export const alice = person("alice", "engineering");
export const leads = Array.from({ length: 4 }, (_, index) => person(`lead${index}`, "db-leads"));

/** What the test decides: policy, the time, and how the target takes it that a credential has a new end. */
export interface Weather {
  rules: PolicyRule[];
  now: number;
  moveEnd: (ends: readonly { readonly expiresAt: number }[]) => Promise<EndOutcome[]>;
}

/** The real operations on the real store. */
export function openHouse({ ledger, store }: { readonly ledger: Ledger; readonly store: Store }, weather: Weather) {
  const clock = { now: () => weather.now };
  const roles = new Map([
    ["readonly", {}],
    ["readwrite", {}],
  ]);
  const resource = { name: "db-prod", kind: "postgres", config: {}, roles };
  const catalogue = {
    policy: () => policyOf(...weather.rules),
    calendars: () => NO_CALENDARS,
    resources: [resource],
    resource: () => resource,
    provider: () => ({ moveEnd: (_config: unknown, ends: never) => weather.moveEnd(ends) }) as unknown as Provider,
  };
  const locks = createLocks(store);
  const delegations = createDelegations(store);
  const dossiers = createDossiers({ ledger, delegations, clock });
  const assertMayAnswer = createAssertMayAnswer({ ledger, catalogue, clock });
  const termsOfOffer = createTermsOfOffer({ ledger, catalogue, clock });
  const stopping = new AbortController().signal;
  const followWindow = createFollowWindow({ ledger, catalogue, clock, random: () => 0, stopping });
  const policyHash = () => "0".repeat(64);
  const decide = createDecideRequest({ ledger, dossiers, locks, clock, assertMayAnswer, followWindow, policyHash });
  // Nothing is on a target here: what is revoked stays in revocation.
  const revokeLeases = { ofRequest: async () => undefined, now: async () => undefined } as never;
  const lanes = {
    room: () => ({ may: "wait", until: Number.MAX_SAFE_INTEGER }),
    submit: async () => new Set(),
    idle: async () => undefined,
  } as never;
  const close = createCloseRequest({ ledger, dossiers, clock, revokeLeases });
  const extend = createExtendRequest({
    ledger,
    catalogue,
    locks,
    clock,
    openWindow: createOpenWindow({ ledger, dossiers, clock }),
    followWindow,
    fileRequest: createFileRequest({ ledger, locks }),
  });
  const keep = createKeepLease({ ledger, clock });
  const sweep = createSweepDue({ ledger, delegations, clock, lanes, followWindow, resources: [resource.name] });
  const reload = async ({ id }: { readonly id: RequestId }): Promise<Request> => {
    const request = await ledger.request(id);
    if (request === undefined) throw new Error("it is gone");
    return request;
  };
  return {
    followWindow,
    reload,
    findUsable: createFindUsableRequest({ ledger, dossiers, clock }),
    answer: (who: Principal, request: Request, verdict: "approve" | "deny" = "approve") =>
      decide(callerOf(who), request.id, { verdict, hash: hashOf(request) }),
    close: (who: Principal, request: { readonly id: RequestId }, closing: "withdraw" | "end" | "revoke") =>
      close(callerOf(who), request.id, closing, {}),
    extend: (request: { readonly id: RequestId }, duration: number, key?: string, who: Principal = alice) =>
      extend(callerOf(who), request.id, { duration, reason: "not done yet" }, key),
    keep: (lease: Lease) => keep(callerOf(alice), lease.id),
    /** One pass of the loop. */
    pass: () => sweep.pass(),
    offer: (who: Principal, request: Request, less: { role?: string; duration?: number }) =>
      createMakeOffer({ ledger, dossiers, locks, clock, assertMayAnswer, termsOfOffer })(callerOf(who), request.id, {
        ...less,
        hash: hashOf(request),
      }),
    accept: (request: Request, taken: { role: string; duration: number }) =>
      createAcceptOffer({ ledger, dossiers, locks, clock, termsOfOffer, followWindow })(
        callerOf(alice),
        request.id,
        taken,
      ),
    async asked(over: Partial<Request> = {}): Promise<Request> {
      const request = pendingRequest({ requester: alice, createdAt: 1_000, ...over });
      await ledger.commit({
        guard: { do: "insert_request", request, idempotencyKey: undefined },
        events: [entry("request.created", request)],
      });
      return request;
    },
    /** A window of half an hour that began just now. */
    async opened(over: Partial<Request> = {}): Promise<Active> {
      const { now } = weather;
      const half = { startedAt: now, expiresAt: now + 1_800_000 };
      const approved = { state: "active", createdAt: now, approvedAt: now, claimUntil: now + 60_000 };
      return (await this.asked({ ...approved, ...half, ...over } as Partial<Request>)) as Active;
    },
    /** A live lease of it. */
    async leaseOf(request: Active, use: "command" | "window" = "command"): Promise<Lease> {
      const { now } = weather;
      const { expiresAt } = request;
      const over = { use, createdAt: now, createBy: now + 30_000, expiresAt, handleText: newId("lease") };
      const { lease, session } = issuingLease(request, over);
      await ledger.commit({
        guard: { do: "insert_lease", lease, session, at: now, idempotencyKey: undefined },
        events: [entry("lease.planned", request)],
      });
      await ledger.shift(activate(lease as Issuing, now));
      return lease;
    },
    async leaseNow({ id }: Pick<Lease, "id">): Promise<Lease> {
      const found = await ledger.lease(id);
      if (found === undefined) throw new Error("it is gone");
      return found;
    },
    /** Kinds of the events that are about just this request, without its beginning. */
    kinds: async (id: RequestId) =>
      (await ledger.audit({ limit: 1_000, request: id }))
        .filter((event) => event.request === id && event.kind !== "request.created")
        .map((event) => event.kind),
  };
}

/** A request whose window is open. */
export type Active = Extract<Request, { state: "active" }>;
export type House = ReturnType<typeof openHouse>;

export const callerOf = (principal: Principal): Caller => ({
  principal,
  signIn: newId("sign_in"),
  signInExpiresAt: Number.POSITIVE_INFINITY,
  isAdmin: false,
  mayAudit: false,
});

/** All at once, or the first ahead by some turns of the loop, so that they meet at every place in between. */
export async function together(round: number, races: readonly (() => Promise<unknown>)[]) {
  const [first, ...others] = races.map((race, index) => async () => {
    for (let turn = 0; index > 0 && turn < (round >> 1) % 8; turn++)
      await new Promise((resolve) => setImmediate(resolve));
    return race();
  });
  return Promise.allSettled([first, ...others].map((race) => race?.()));
}
