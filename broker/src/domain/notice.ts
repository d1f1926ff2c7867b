import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { formatDuration } from "@phi/shared/duration";
import { printable } from "@phi/shared/text";
import { type Instant, toRfc3339 } from "@phi/shared/time";
import { extendedUntil } from "./extension.js";
import type { Occasion } from "./occasion.js";
import type { Request } from "./request.js";

/** What people read, in any channel: plain printable lines. Nothing in it decides anything; who reads it signs in and types. */
export interface Notice {
  readonly occasion: Occasion;
  readonly title: string;
  /** `[what, value]`, in the order to show. */
  readonly facts: readonly (readonly [string, string])[];
  /** What to type next; made of ids and phi's own words only. */
  readonly commands: readonly string[];
  /** Address of the broker. */
  readonly broker?: string | undefined;
}

/** The words for one event. `request` is there for all that is about one; a lease that is overdue may belong to none. */
export function noticeOf(occasion: Occasion, event: AuditEvent, request: Request | undefined, broker?: string): Notice {
  const words = wordsOf(occasion, event, request);
  return {
    occasion,
    title: printable(words.title, 200),
    facts: words.facts.flatMap(([what, value]) =>
      value === undefined || value === "" ? [] : [[what, printable(value, 500)] as const],
    ),
    commands: words.commands,
    broker,
  };
}

interface Words {
  readonly title: string;
  readonly facts: readonly (readonly [string, string | undefined])[];
  readonly commands: readonly string[];
}

function wordsOf(occasion: Occasion, event: AuditEvent, request: Request | undefined): Words {
  if (occasion === "delegated") return aboutDelegation(event);
  if (occasion === "locked") return aboutLock(event);
  return request === undefined ? overdue(event) : aboutRequest(occasion, event, request);
}

function aboutDelegation({ kind, actor, resource, data }: AuditEvent): Words {
  const [from, to] = [nameOf(data.from) ?? actor?.name ?? "Somebody", nameOf(data.to) ?? "somebody"];
  const where = resource === undefined ? "" : ` on ${resource}`;
  const id = text(data.delegation);
  if (kind === "delegation.ended")
    return {
      title: `${to} no longer answers in the place of ${from}${where}`,
      facts: [["Because", data.because === "expired" ? "its time is over" : "it was ended"]],
      commands: ["phi delegate"],
    };
  return {
    title: `${to} answers in the place of ${from}${where}`,
    facts: [
      ["Until", instantIn(data.until)],
      ["Reason", text(data.reason)],
      ["Delegation", id],
    ],
    commands: ["phi requests --to-approve", ...(id === undefined ? [] : [`phi delegate --end ${id}`])],
  };
}

function aboutLock({ kind, actor, resource, data }: AuditEvent): Words {
  const what = resource ?? nameOf(data.principal) ?? "?";
  return {
    title:
      kind === "lock.set"
        ? `LOCKED: ${what}. Everything open of it has ended, and nothing new begins`
        : `Unlocked: ${what}. What the lock ended stays ended`,
    facts: [
      ["By", actor?.name ?? text(data.operator)],
      ["Reason", text(data.reason)],
      ["Lock", text(data.lock)],
    ],
    commands: kind === "lock.set" ? ["phi locks", "phi-broker locks list"] : ["phi resources"],
  };
}

function nameOf(person: unknown): string | undefined {
  return text((person as { name?: unknown } | undefined)?.name);
}

function instantIn(value: unknown): string | undefined {
  return typeof value === "string" && !Number.isNaN(Date.parse(value)) ? utc(Date.parse(value)) : undefined;
}

function aboutRequest(occasion: Exclude<Occasion, "delegated" | "locked">, event: AuditEvent, request: Request): Words {
  const { id, requester } = request;
  const what = whatIsAsked(request);
  const facts = [
    ["Reason", request.reason],
    ["Ticket", request.ticket],
    ["Request", id],
    ["Extends", request.extends?.of],
  ] as const;
  const show = [`phi show ${id}`];
  const answer = [`phi approve ${id}`, `phi deny ${id} --reason "why"`];
  const waits = ["Answer until", utc(request.pendingUntil)] as const;
  switch (occasion) {
    case "asked":
      return {
        title:
          event.kind === "approval.given"
            ? `${event.actor?.name ?? "Somebody"} said yes, and more are needed: ${requester.name} asks for ${what}`
            : `${requester.name} asks for ${what}`,
        facts: [...facts, waits],
        commands: answer,
      };
    case "reminder":
      return { title: `Still waiting: ${requester.name} asks for ${what}`, facts: [...facts, waits], commands: answer };
    case "escalated":
      return {
        title: `Nobody has answered yet: ${requester.name} asks for ${what}`,
        facts: [...facts, waits],
        commands: answer,
      };
    case "emergency":
      return {
        title:
          event.kind === "review.overdue"
            ? `Nobody has reviewed this emergency in time: ${requester.name} took ${what}`
            : `EMERGENCY: ${requester.name} took ${what}, without an approval`,
        facts: [...facts, ["Review by", request.emergency && utc(request.emergency.reviewBy)]],
        commands: [...show, `phi review ${id} --ok`, `phi review ${id} --flag --reason "why"`],
      };
    case "decided":
      return {
        title: decision(event, request, what),
        facts: [["Comment", text(event.data.reason)], ...facts],
        commands: event.kind === "offer.made" ? [...show, `phi accept ${id}`] : show,
      };
    case "expiring":
      return {
        title: `Ends soon: ${requester.name}, ${what}`,
        facts: [["Ends", "expiresAt" in request ? utc(request.expiresAt ?? 0) : undefined], ...facts],
        commands: [`phi extend ${id} --for 15m`, ...show],
      };
    case "ended":
      return {
        title: `Ended: ${requester.name}, ${what}`,
        facts: [["Because", because(event)], ...facts],
        commands: show,
      };
    case "overdue":
      return overdue(event, [["Person", requester.name], ...facts]);
  }
}

/** `db-prod as readonly for 30m`; of an extension `15m more of db-prod as readonly, until 2026-11-28 03:15 UTC`. */
function whatIsAsked({ resource, role, duration, extends: extension }: Request): string {
  return extension === undefined
    ? `${resource} as ${role} for ${formatDuration(duration)}`
    : `${formatDuration(duration)} more of ${resource} as ${role}, until ${utc(extendedUntil(extension, duration))}`;
}

function decision(event: AuditEvent, { requester, extends: extension }: Request, what: string): string {
  if (event.kind === "request.lapsed") return `Nobody answered in time: ${requester.name}, ${what}`;
  if (event.kind === "offer.made") {
    const { role, duration } = event.data;
    const length = typeof duration === "number" ? formatDuration(duration) : "?";
    const less = extension === undefined ? `${text(role) ?? "?"} for ${length}` : `${length} more`;
    return `${event.actor?.name ?? "An approver"} offers ${less}: ${requester.name}, ${what}`;
  }
  const verb = event.kind === "request.denied" ? "Denied" : "Approved";
  return `${verb} by ${event.actor?.name ?? "policy"}: ${requester.name}, ${what}`;
}

function overdue(event: AuditEvent, facts: Words["facts"] = []): Words {
  const state = event.kind === "lease.abandoned" ? "was given up on" : "should be dead and is not proven dead";
  return {
    title: `OVERDUE: a credential on ${event.resource ?? "?"} ${state}`,
    facts: [["Credential", text(event.data.handle) ?? text(event.data.left)], ["Lease", event.lease], ...facts],
    commands: ["phi-broker status"],
  };
}

function because(event: AuditEvent): string {
  if (event.kind === "request.lapsed") return "nobody used it in time";
  switch (event.data.because) {
    case "expired":
      return "its time is over";
    case "ended_by_holder":
      return "given back";
    case "used_once":
      return "it was for one command, and that is over";
    case "idle":
      return `nothing was done with it${typeof event.data.idleTimeout === "number" ? ` for ${formatDuration(event.data.idleTimeout)}` : ""}`;
    default:
      return `${text(event.data.because) ?? "ended"}${event.actor === undefined ? "" : ` by ${event.actor.name}`}`;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Channels reach people in every time zone. */
function utc(at: Instant): string {
  return `${toRfc3339(at).slice(0, 16).replace("T", " ")} UTC`;
}
