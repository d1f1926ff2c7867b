import { setTimeout as sleep } from "node:timers/promises";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { RequestView } from "@phi/shared/contract/request";
import type { Case, People } from "./case.js";
import { eventsOf } from "./steps.js";
import type { Promised } from "./stories.js";

/** After a restart the target equals the ledger within this, in ms. */
export const EQUAL_WITHIN = 60_000;

/** Waits until the restarted broker has revoked all there was and the target holds nothing of it; says what is left when it does not. */
export async function awaitNothingLeft(one: Case, promised: readonly Promised[]): Promise<string[]> {
  const end = performance.now() + EQUAL_WITHIN;
  const handedOver = new Set(promised.filter(({ kind }) => kind === "lease.issued").map(({ id }) => id));
  for (;;) {
    const [left, unproven, names] = await Promise.all([one.roles(), unprovenLeases(one.people), one.sessions()]);
    const live = names.filter((name) => handedOver.has(name));
    if (left.length + unproven.length + live.length === 0) return [];
    if (performance.now() > end)
      return [
        ...left.map((role) => `${role} is still on the target`),
        ...live.map((lease) => `a session under ${lease} still runs on the target`),
        ...unproven.map((lease) => `${lease} is not proven revoked`),
      ];
    await sleep(250);
  }
}

async function unprovenLeases({ alice, carol }: People): Promise<string[]> {
  const { body } = await alice.call<{ requests: RequestView[] }>("GET", "/v1/requests?scope=mine");
  const found = await eventsOf(carol, "lease.found");
  const revoked = found.length === 0 ? [] : await eventsOf(carol, "lease.revoked");
  const strangers = found.flatMap(({ lease }) =>
    revoked.some((event) => event.lease === lease) ? [] : [`${lease} (found)`],
  );
  const asked = body.requests.flatMap(({ leases }) =>
    leases.filter(({ state }) => state !== "revoked").map(({ lease, state }) => `${lease} (${state})`),
  );
  return [...asked, ...strangers];
}

export async function wholeAudit({ carol }: People): Promise<AuditEvent[]> {
  const events: AuditEvent[] = [];
  for (;;) {
    const after = events.at(-1)?.seq ?? 0;
    const { body } = await carol.call<{ events: AuditEvent[] }>("GET", `/v1/audit?limit=1000&after=${after}`);
    if (body.events.length === 0) return events;
    events.push(...body.events);
  }
}

/** What happens to a request at most once, and to a lease exactly once or at most once. */
const REQUEST_ONCE: readonly (readonly string[])[] = [
  ["request.created"],
  ["request.approved"],
  ["request.started"],
  ["request.ended", "request.lapsed", "request.denied", "request.withdrawn"],
  ["request.emergency"],
  ["offer.made"],
  ["offer.accepted"],
  ["review.given"],
  ["review.overdue"],
];
/** Of what is named in an event's data: each kind once. */
const NAMED_ONCE = ["lock.set", "lock.lifted", "delegation.created", "delegation.ended", "request.extended"];
const LEASE_EXACTLY_ONCE: readonly (readonly string[])[] = [
  ["lease.planned", "lease.found"],
  ["lease.revoking", "lease.issue_failed", "lease.found"],
  ["lease.revoked"],
];
const LEASE_ONCE: readonly (readonly string[])[] = [
  ["lease.issued"],
  ["session.started"],
  ["session.ended"],
  // Of few pieces in a short time: once, with the last of them or with the failure.
  ["session.recorded"],
  ["session.recording_failed"],
];

/** As much of an audit event as matters here. */
export interface RecordedEvent {
  readonly seq: number;
  readonly kind: string;
  readonly request?: string | undefined;
  readonly lease?: string | undefined;
  readonly session?: string | undefined;
  readonly data?: { readonly lock?: unknown; readonly delegation?: unknown; readonly extension?: unknown } | undefined;
}

/** What the event is about. */
function idsIn({ request, lease, session, data }: RecordedEvent): unknown[] {
  return [lease, request, session, data?.lock, data?.delegation];
}

/** What is wrong with the record: gaps, doubled or missing events, and promises to people that it does not know of. */
export function readRecord(events: readonly RecordedEvent[], promised: readonly Promised[]): string[] {
  const faults: string[] = [];
  events.forEach(({ seq }, index) => {
    if (seq !== index + 1) faults.push(`event ${index + 1} has the number ${seq}`);
  });
  const requests = new Map<string, string[]>();
  const leases = new Map<string, string[]>();
  for (const { kind, request, lease } of events) {
    if (lease !== undefined) leases.set(lease, [...(leases.get(lease) ?? []), kind]);
    else if (request !== undefined) requests.set(request, [...(requests.get(request) ?? []), kind]);
  }
  const count = (kinds: readonly string[], wanted: readonly string[]) =>
    kinds.filter((kind) => wanted.includes(kind)).length;
  for (const [request, kinds] of requests)
    for (const wanted of REQUEST_ONCE)
      if (count(kinds, wanted) > 1) faults.push(`${wanted.join(" or ")} ${count(kinds, wanted)} times for ${request}`);
  for (const [lease, kinds] of leases) {
    for (const wanted of LEASE_EXACTLY_ONCE)
      if (count(kinds, wanted) !== 1) faults.push(`${wanted.join(" or ")} ${count(kinds, wanted)} times for ${lease}`);
    for (const wanted of LEASE_ONCE)
      if (count(kinds, wanted) > 1) faults.push(`${wanted.join(" or ")} ${count(kinds, wanted)} times for ${lease}`);
  }
  const named = events
    .filter(({ kind }) => NAMED_ONCE.includes(kind))
    .map(({ kind, data }) => `${kind} of ${data?.lock ?? data?.delegation ?? data?.extension}`);
  for (const name of new Set(named)) {
    const times = named.filter((one) => one === name).length;
    if (times > 1) faults.push(`${name} ${times} times`);
  }
  for (const { kind, id, pieces } of promised)
    if (pieces === undefined && !events.some((event) => event.kind === kind && idsIn(event).includes(id)))
      faults.push(`${kind} of ${id} was answered with yes and is not on record`);
  return faults;
}
