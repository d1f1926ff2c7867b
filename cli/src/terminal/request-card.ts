import type { LeaseView, RequestView } from "@phi/shared/contract/request";
import { printable } from "@phi/shared/text";
import type { Instant } from "@phi/shared/time";
import { emergencyMark, reviewWords } from "./emergency-words.js";
import type { Paint } from "./paint.js";
import {
  approvalWords,
  extensionWords,
  idleSentence,
  offerWords,
  overdueLines,
  paintState,
  personWords,
  stateWords,
  untilWords,
  whatIsAsked,
  windowSentence,
} from "./request-words.js";
import { timeForPeople } from "./times.js";

export interface CardLook {
  readonly now: Instant;
  readonly paint: Paint;
  /** What can be typed next, most likely first. */
  readonly next?: readonly string[];
}

/** Everything there is to know about one request, as lines. Everything that others wrote is made printable. */
export function requestCard(view: RequestView, { now, paint, next = [] }: CardLook): string[] {
  const at = (instant: string) => timeForPeople(Date.parse(instant), now);
  const until = untilWords(view, now);
  const mark = emergencyMark(view, now);
  const rows: [label: string, text: string | undefined][] = [
    ["who", personWords(view.requester)],
    ["what", whatIsAsked(view)],
    ["extends", extensionWords(view, now)],
    ["why", view.reason === undefined ? "(no reason given)" : printable(view.reason)],
    ["ticket", view.ticket === undefined ? undefined : printable(view.ticket)],
    ["needs", view.state === "pending" ? approvalWords(view) : undefined],
    ["offer", offerWords(view)],
    ["review", reviewWords(view, now)],
    ["policy", printable(view.policy, 200)],
    ["asked", at(view.createdAt)],
    ["lapses", view.state === "pending" ? `unanswered at ${at(view.pendingUntil)}` : undefined],
    ...view.approvals.map((approval): [string, string] => ["answer", answerWords(approval, at)]),
    ["window", windowSentence(view, now)],
    ["idle", idleSentence(view, now)],
    ["began", view.startedAt === undefined ? undefined : at(view.startedAt)],
    ["ended", view.endedAt === undefined ? undefined : at(view.endedAt)],
    ["comment", view.endComment === undefined ? undefined : printable(view.endComment)],
    ...view.leases.map((lease): [string, string] => ["lease", leaseWords(lease, at)]),
  ];
  const lines = [
    `${paint.strong(view.request)}  ${paintState(stateWords(view), view, paint)}${until === "" ? "" : `, ${until}`}${mark === undefined ? "" : `  ${paint.bad(mark)}`}`,
  ];
  for (const [label, text] of rows) {
    if (text !== undefined) lines.push(`  ${paint.faint(label.padEnd(8))} ${text}`);
  }
  for (const overdue of overdueLines(view, now)) lines.push(`  ${paint.bad(overdue)}`);
  for (const command of next) lines.push(`  ${paint.faint("next".padEnd(8))} ${paint.accent(command)}`);
  return lines;
}

function answerWords(approval: RequestView["approvals"][number], at: (instant: string) => string): string {
  const verdict = approval.verdict === "approve" ? "yes" : "no";
  const reason = approval.reason === undefined ? "" : `: ${printable(approval.reason)}`;
  const place = approval.onBehalfOf === undefined ? "" : ` for ${personWords(approval.onBehalfOf)}`;
  return `${verdict} by ${personWords(approval.by)}${place}, ${at(approval.at)}${reason}`;
}

function leaseWords(lease: LeaseView, at: (instant: string) => string): string {
  const handle = printable(lease.handle, 80);
  switch (lease.state) {
    case "issuing":
    case "active":
      return `${lease.lease} ${lease.state} as ${handle} until ${at(lease.expiresAt)}`;
    case "revoking":
      return `${lease.lease} being revoked${lease.overdueSince === undefined ? "" : ", OVERDUE"} (${handle})`;
    case "revoked":
      return `${lease.lease} revoked${lease.revokedAt === undefined ? "" : ` ${at(lease.revokedAt)}`} (${handle})`;
    case "abandoned":
      return `${lease.lease} abandoned by an operator: ${handle} may still exist`;
  }
}
