import type { ReportBy, ReportFigures } from "@phi/shared/contract/report";
import type { Instant } from "@phi/shared/time";
import type { Request } from "./request.js";

/** What a report needs of one request. */
export interface RequestRecord {
  readonly person: string;
  readonly teams: readonly string[];
  readonly resource: string;
  readonly role: string;
  readonly state: Request["state"];
  readonly approvalsNeeded: number;
  readonly createdAt: Instant;
  readonly approvedAt: Instant | undefined;
  readonly startedAt: Instant | undefined;
  readonly expiresAt: Instant | undefined;
  readonly endedAt: Instant | undefined;
  readonly isRevoked: boolean;
  /** Who said yes. */
  readonly approvers: readonly string[];
  /** Its credentials that were at some time not proven dead when they should have been. */
  readonly overdue: number;
}

export interface Span {
  readonly since: Instant;
  readonly until: Instant;
}

/** Sums over requests, as they come. */
export interface Tally {
  add(record: RequestRecord): void;
  figures(): ReportFigures;
  /** The most frequent first. */
  approvers(): string[];
  lastStartedAt(): Instant | undefined;
}

/** What a row of the report stands for; its words in order. */
export function rowKeys(record: RequestRecord, by: ReportBy): readonly (readonly string[])[] {
  switch (by) {
    case "access":
      return [[record.person, record.resource, record.role]];
    case "person":
      return [[record.person]];
    case "resource":
      return [[record.resource]];
    case "team":
      return record.teams.map((team) => [team]);
  }
}

/** Counts what came of requests; open time is what of it lies within the span. */
export function createTally(span: Span): Tally {
  const counts = {
    asked: 0,
    given: 0,
    atOnce: 0,
    denied: 0,
    unanswered: 0,
    withdrawn: 0,
    neverUsed: 0,
    revoked: 0,
    extended: 0,
  };
  const answers: number[] = [];
  const approvers = new Map<string, number>();
  let overdue = 0;
  let openMs = 0;
  let longestMs = 0;
  let last: Instant | undefined;

  return {
    add(record) {
      const { state, createdAt, approvedAt, startedAt, endedAt, approvalsNeeded } = record;
      const isOver = endedAt !== undefined;
      counts.asked += 1;
      if (approvedAt !== undefined) counts.given += 1;
      if (approvedAt !== undefined && approvalsNeeded === 0) counts.atOnce += 1;
      if (state === "denied") counts.denied += 1;
      if (state === "withdrawn") counts.withdrawn += 1;
      if (state === "lapsed" && approvedAt === undefined) counts.unanswered += 1;
      if (state === "extended") counts.extended += 1;
      if (isOver && approvedAt !== undefined && startedAt === undefined && state !== "extended") counts.neverUsed += 1;
      if (record.isRevoked) counts.revoked += 1;
      overdue += record.overdue;
      const open = openWithin(record, span);
      openMs += open;
      longestMs = Math.max(longestMs, open);
      const answered = approvedAt ?? (state === "denied" ? endedAt : undefined);
      if (answered !== undefined && approvalsNeeded > 0) answers.push(answered - createdAt);
      for (const name of record.approvers) approvers.set(name, (approvers.get(name) ?? 0) + 1);
      if (startedAt !== undefined) last = Math.max(startedAt, last ?? startedAt);
    },
    figures() {
      const [median, p90] = [percentile(answers, 0.5), percentile(answers, 0.9)];
      return {
        ...counts,
        overdue,
        openMs,
        longestMs,
        ...(median === undefined ? {} : { answerMedianMs: median }),
        ...(p90 === undefined ? {} : { answerP90Ms: p90 }),
      };
    },
    approvers: () => [...approvers].sort(([, a], [, b]) => b - a).map(([name]) => name),
    lastStartedAt: () => last,
  };
}

/** How long, in ms, the window was open between the two instants. A window never outlives its absolute end. */
export function openWithin({ startedAt, expiresAt, endedAt }: RequestRecord, { since, until }: Span): number {
  if (startedAt === undefined) return 0;
  const end = Math.min(endedAt ?? until, expiresAt ?? until, until);
  return Math.max(0, end - Math.max(startedAt, since));
}

/** The smallest value that at least that share of them does not exceed (nearest rank); `undefined` of nothing. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
