import type { AuditEvent, AuditKind } from "@phi/shared/contract/audit-event";
import type { Instant } from "@phi/shared/time";
import type { Selector } from "./principal.js";
import type { Request } from "./request.js";

/** When people are told something. */
export const OCCASIONS = [
  "asked",
  "reminder",
  "escalated",
  "decided",
  "expiring",
  "ended",
  "overdue",
  "emergency",
  "delegated",
  "locked",
] as const;
export type Occasion = (typeof OCCASIONS)[number];

/** What happened later is told for so long, in ms; nobody wants last week's notices when a channel is mended. */
const TOLD_FOR = 24 * 3_600_000;

type Data = AuditEvent["data"];

const BY_KIND: Partial<Record<AuditKind, (data: Data) => Occasion | undefined>> = {
  // An emergency waits for nobody; its own event tells of it.
  "request.created": (data) => (data.emergency === true ? undefined : "asked"),
  "request.emergency": () => "emergency",
  "review.overdue": () => "emergency",
  "approval.given": () => "asked",
  "offer.made": () => "decided",
  "request.reminded": () => "reminder",
  "request.escalated": () => "escalated",
  "request.approved": () => "decided",
  "request.denied": () => "decided",
  // Of an extension whose window is over the end of that window tells.
  "request.lapsed": (data) =>
    data.because === "access_over" ? undefined : data.because === "unanswered" ? "decided" : "ended",
  "request.expiring": () => "expiring",
  "request.ended": () => "ended",
  "delegation.created": () => "delegated",
  "delegation.ended": () => "delegated",
  "lock.set": () => "locked",
  "lock.lifted": () => "locked",
  "lease.overdue": () => "overdue",
  "lease.abandoned": () => "overdue",
};

/** Whether people may want to be told of events of the kind. */
export function isTold(kind: AuditKind): boolean {
  return BY_KIND[kind] !== undefined;
}

/** The occasion that an event is, if people may want to be told of it. */
export function occasionOf({ kind, data }: Pick<AuditEvent, "kind" | "data">): Occasion | undefined {
  return BY_KIND[kind]?.(data);
}

/** Whether nobody needs it any more: it was answered, is over, or is yesterday's. */
export function isStale(occasion: Occasion, happened: Instant, request: Request | undefined, now: Instant): boolean {
  if (now - happened > TOLD_FOR) return true;
  switch (occasion) {
    case "asked":
    case "reminder":
    case "escalated":
      return request?.state !== "pending";
    case "expiring":
      return request?.state !== "active" || now >= request.expiresAt;
    case "decided":
    case "ended":
    case "emergency":
      return request === undefined;
    case "overdue":
    case "delegated":
    case "locked":
      return false;
  }
}

/** Whom an event concerns besides a request's people: who hands over, who gets it, who is locked. */
export function concernedBy({ kind, actor, data }: Pick<AuditEvent, "kind" | "actor" | "data">): Selector[] {
  const subjects = (...people: unknown[]) =>
    people.flatMap((one): Selector[] => {
      const subject = (one as { subject?: unknown } | undefined)?.subject;
      return typeof subject === "string" ? [`principal:${subject}`] : [];
    });
  if (kind === "delegation.created") return subjects(actor, data.to);
  if (kind === "delegation.ended") return subjects(data.from, data.to);
  return kind === "lock.set" || kind === "lock.lifted" ? subjects(data.principal) : [];
}
