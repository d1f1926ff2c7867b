import type { PersonView } from "@phi/shared/contract/fields";
import type { LeaseView, RequestView } from "@phi/shared/contract/request";
import { formatDuration } from "@phi/shared/duration";
import { printable } from "@phi/shared/text";
import type { Instant } from "@phi/shared/time";
import type { Paint } from "./paint.js";
import { clockTime, relative, shortLength, timeForPeople } from "./times.js";

/** `db-prod as readonly for 30m`; of an extension `15m more of db-prod as readonly`. */
export function whatIsAsked(view: Pick<RequestView, "resource" | "role" | "duration" | "once" | "extends">): string {
  if (view.extends !== undefined) return `${formatDuration(view.duration)} more of ${view.resource} as ${view.role}`;
  return `${view.resource} as ${view.role} for ${formatDuration(view.duration)}${view.once === true ? ", once" : ""}`;
}

/** A person's name, with the issuer's subject beside it when that is another word: a name alone can be chosen freely. */
export function personWords(person: PersonView): string {
  const name = printable(person.name, 120);
  const subject = printable(person.subject, 120);
  return name === subject || name === "" ? subject : `${name} (${subject})`;
}

/** `1 yes from group:db-leads, then 2 yes from group:security`, or `nobody: policy allows it at once`. */
export function approvalWords(view: {
  approvers: readonly string[];
  approvalsNeeded: number;
  stages?: RequestView["stages"];
  onCall?: RequestView["onCall"];
}): string {
  if (view.approvalsNeeded === 0) return "nobody: policy allows it at once";
  const stages = view.stages ?? [{ from: view.approvers, count: view.approvalsNeeded }];
  return stages.map(({ from, count }) => `${count} yes from ${approverWords(from, view.onCall)}`).join(", then ");
}

/** `group:db-leads or oncall:primary (now carol@example.com)`. */
function approverWords(approvers: readonly string[], onCall: RequestView["onCall"] = []): string {
  return approvers
    .map((approver) => {
      const by = onCall.find(({ calendar }) => approver === `oncall:${calendar}`);
      const who = by?.who.map((word) => printable(word, 120)).join(", ");
      return `${printable(approver, 120)}${who === undefined ? "" : ` (now ${who === "" ? "nobody" : who})`}`;
    })
    .join(" or ");
}

/** `bob offers readonly for 15m instead: "the replica will do"`; `undefined` when nothing is offered. */
export function offerWords({ offer, extends: extension }: RequestView): string | undefined {
  if (offer === undefined) return undefined;
  const reason = offer.reason === undefined ? "" : `: "${printable(offer.reason)}"`;
  const less =
    extension === undefined
      ? `${offer.role} for ${formatDuration(offer.duration)}`
      : `${formatDuration(offer.duration)} more`;
  const place = offer.onBehalfOf === undefined ? "" : ` for ${personWords(offer.onBehalfOf)}`;
  return `${personWords(offer.by)}${place} offers ${less} instead${reason}`;
}

/** The state as people read it: an ended request says how. */
export function stateWords(view: RequestView): string {
  if (view.state === "pending" && view.offer !== undefined) return "pending, with an offer";
  if (view.state !== "ended") return view.state;
  switch (view.endedBecause) {
    case "expired":
      return "ended (window over)";
    case "used_once":
      return "ended (used once)";
    case "ended_by_holder":
      return "ended (given back)";
    case "revoked":
      return "ended (revoked)";
    case "idle":
      return view.idleTimeout === undefined ? "ended (idle)" : `ended (idle for ${formatDuration(view.idleTimeout)})`;
    case undefined:
      return "ended";
  }
}

/** What the present state is waiting for, with the time: `12m left`, `lapses in 23h`; empty for what is over. */
export function untilWords(view: RequestView, now: Instant): string {
  switch (view.state) {
    case "pending":
      return `lapses ${relative(Date.parse(view.pendingUntil), now)}`;
    case "approved":
      return view.claimUntil === undefined
        ? ""
        : `use it ${relative(Date.parse(view.claimUntil), now).replace(/^in /, "within ")}`;
    case "active": {
      const left = view.expiresAt === undefined ? 0 : Date.parse(view.expiresAt) - now;
      return left > 0 ? `${shortLength(left)} left` : "window over";
    }
    case "denied":
    case "withdrawn":
    case "lapsed":
    case "ended":
    case "extended":
      return view.endedAt === undefined ? "" : relative(Date.parse(view.endedAt), now);
  }
}

/** The end of the window, or of the time to use it, as a sentence; `undefined` when there is nothing to say. */
export function windowSentence(view: RequestView, now: Instant): string | undefined {
  if (view.state === "active" && view.expiresAt !== undefined)
    return `open until ${timeForPeople(Date.parse(view.expiresAt), now)}${extendedBy(view)}`;
  if (view.state === "extended" && view.extends !== undefined)
    return `${view.extends.request} is open until ${timeForPeople(Date.parse(view.extends.until), now)}`;
  if (view.state === "approved" && view.claimUntil !== undefined) {
    return `the ${formatDuration(view.duration)} begin at first use, which must be before ${timeForPeople(Date.parse(view.claimUntil), now)}`;
  }
  return undefined;
}

/** `, extended by 15m`, as far as its end says: a window begins with the length that was asked for. */
function extendedBy({ startedAt, expiresAt, duration }: RequestView): string {
  if (startedAt === undefined || expiresAt === undefined) return "";
  const more = Date.parse(expiresAt) - Date.parse(startedAt) - duration * 1_000;
  return more < 1_000 ? "" : `, extended by ${shortLength(more)}`;
}

/** `req_7k3m… since 14:02: until 14:47 instead of 14:32, 45m in all`; `undefined` for what extends nothing. With an offer: as far as that reaches. */
export function extensionWords({ extends: extension }: RequestView, now: Instant): string | undefined {
  if (extension === undefined) return undefined;
  const [startedAt, from, until] = [extension.startedAt, extension.from, extension.until].map((at) =>
    Date.parse(at),
  ) as [Instant, Instant, Instant];
  const at = (instant: Instant) => clockTime(instant, now);
  return `${extension.request}, open since ${at(startedAt)}: until ${at(until)} instead of ${at(from)}, ${shortLength(until - startedAt)} in all`;
}

/** When it ends for want of use, as far as the broker has seen; `undefined` when there is nothing to say. */
export function idleSentence(view: RequestView, now: Instant): string | undefined {
  if (view.idleTimeout === undefined || !["pending", "approved", "active"].includes(view.state)) return undefined;
  const rule = `ends after ${formatDuration(view.idleTimeout)} without use`;
  return view.idleAt === undefined
    ? rule
    : `${rule}: at ${timeForPeople(Date.parse(view.idleAt), now)} unless something is done`;
}

/** Credentials that should be dead and are not proven dead. Never a quiet matter. */
export function overdueLeases(view: RequestView): LeaseView[] {
  return view.leases.filter(
    (lease) => lease.overdueSince !== undefined && (lease.state === "revoking" || lease.state === "active"),
  );
}

/** One loud line per overdue credential. */
export function overdueLines(view: RequestView, now: Instant): string[] {
  return overdueLeases(view).map((lease) => {
    const since =
      lease.overdueSince === undefined ? "" : ` since ${timeForPeople(Date.parse(lease.overdueSince), now)}`;
    const cause = lease.lastError === undefined ? "" : `: ${printable(lease.lastError, 200)}`;
    return `OVERDUE ${lease.lease} (${printable(lease.handle, 80)}) should be dead${since} and is not proven dead; ${lease.attempts === 1 ? "1 attempt" : `${lease.attempts} attempts`} failed${cause}`;
  });
}

/** The colour of a state; the word itself says the same. */
export function paintState(text: string, view: RequestView, paint: Paint): string {
  if (overdueLeases(view).length > 0) return paint.bad(text);
  switch (view.state) {
    case "pending":
      return paint.waiting(text);
    case "approved":
    case "active":
    case "extended":
      return paint.good(text);
    case "denied":
      return paint.bad(text);
    case "withdrawn":
    case "lapsed":
    case "ended":
      return paint.faint(text);
  }
}
