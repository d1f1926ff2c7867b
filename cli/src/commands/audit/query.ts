import { type AuditQuery, auditKinds } from "@phi/shared/contract/audit-event";
import { PhiError } from "@phi/shared/errors";
import { nearest, printable } from "@phi/shared/text";
import { type Instant, parsePast, toRfc3339 } from "@phi/shared/time";

export interface AuditFlags {
  readonly since?: string;
  readonly until?: string;
  readonly actor?: string;
  readonly resource?: string;
  readonly request?: string;
  readonly kind?: string;
  readonly limit?: string;
}

/** Looked back when nothing else is said; the story of one request is never cut. */
export const USUAL_SINCE = "7d";
export const USUAL_LIMIT = 200;
export const LARGEST_LIMIT = 1_000_000;

const KINDS = [
  ...new Set([...Object.keys(auditKinds).map((kind) => kind.split(".")[0] ?? kind), ...Object.keys(auditKinds)]),
];

/** The filters as the contract wants them; `request` is left to the caller, who may have to look its id up. */
export function readAuditFlags(flags: AuditFlags, now: Instant): { query: Partial<AuditQuery>; limit: number } {
  const since = flags.since ?? (flags.request === undefined ? USUAL_SINCE : undefined);
  const from = since === undefined ? undefined : readInstant(since, "--since", now);
  const to = flags.until === undefined ? undefined : readInstant(flags.until, "--until", now);
  if (from !== undefined && to !== undefined && from >= to)
    throw new PhiError("invalid_input", "--since must be before --until.");
  return {
    query: {
      ...(from === undefined ? {} : { since: toRfc3339(from) }),
      ...(to === undefined ? {} : { until: toRfc3339(to) }),
      ...(flags.actor === undefined ? {} : { actor: flags.actor }),
      ...(flags.resource === undefined ? {} : { resource: flags.resource }),
      ...(flags.kind === undefined ? {} : { kind: readKind(flags.kind) }),
    },
    limit: readLimit(flags.limit),
  };
}

function readInstant(text: string, flag: string, now: Instant): Instant {
  const instant = parsePast(text, now);
  if (instant !== undefined) return instant;
  throw new PhiError("invalid_input", `${flag}: "${printable(text, 60)}" is not a point in time.`, {
    hint: "write it like 7d (seven days ago), 2026-11-22 or 2026-11-22T17:05:00Z",
  });
}

function readKind(typed: string): string {
  if (KINDS.includes(typed)) return typed;
  const near = nearest(typed, KINDS);
  throw new PhiError("invalid_input", `--kind: there is no kind of event "${printable(typed, 60)}".`, {
    hint: near === undefined ? "see: phi help audit" : `did you mean ${near}?`,
  });
}

function readLimit(typed: string | undefined): number {
  if (typed === undefined) return USUAL_LIMIT;
  const limit = /^\d{1,7}$/.test(typed) ? Number(typed) : 0;
  if (limit >= 1 && limit <= LARGEST_LIMIT) return limit;
  throw new PhiError("invalid_input", `--limit: "${printable(typed, 60)}" is not a number from 1 to ${LARGEST_LIMIT}.`);
}
