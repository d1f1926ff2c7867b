import { covered, type Span } from "./spans.js";

/** As much of an audit event as lateness is read from. */
export interface TimedEvent {
  readonly at: number;
  readonly kind: string;
  readonly lease?: string | undefined;
  readonly data: { readonly lateMs?: number };
}

/** In ms. */
export interface Lateness {
  readonly median: number;
  readonly p99: number;
  readonly largest: number;
}

/**
 * From the instant at which a lease was not wanted any more to its proof, less the time that `excused` covers. Of credentials that were
 * handed out: another one is gone at once, and its proof waits for the last moment of its create.
 */
export function latenessOf(events: readonly TimedEvent[], excused: readonly Span[]): Lateness {
  const issued = new Set(events.filter(({ kind }) => kind === "lease.issued").map(({ lease }) => lease));
  const all = events
    .filter(({ kind, lease }) => kind === "lease.revoked" && issued.has(lease))
    .map(({ at, data: { lateMs = 0 } }) => lateMs - covered(excused, at - lateMs, at))
    .sort((a, b) => a - b);
  const part = (share: number) => Math.round(all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0);
  return { median: part(0.5), p99: part(0.99), largest: part(1) };
}
