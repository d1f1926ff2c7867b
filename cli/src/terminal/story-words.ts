import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { formatDuration } from "@phi/shared/duration";
import { printable } from "@phi/shared/text";
import { auditDetails } from "./audit-words.js";
import { secondsOfDay, shortLength } from "./times.js";
import { typedCommand } from "./typed-command.js";

/** What earlier events said that a later one is told with. */
export interface StorySoFar {
  /** The command of each session and when it began. */
  readonly sessions: ReadonlyMap<string, { readonly command: string; readonly at: number }>;
  readonly utc: boolean;
}

const LONGEST = 400;

/** One event as a sentence without its subject, which is who did it: `approved (1 of 1)`. Texts from others are made printable. */
export function eventSentence(event: AuditEvent, { sessions, utc }: StorySoFar): string {
  const { data } = event;
  const session = event.session === undefined ? undefined : sessions.get(event.session);
  const at = Date.parse(event.at);
  switch (event.kind) {
    case "request.created":
      if (typeof data.until === "string")
        return `asked for ${formatDuration(number(data.duration))} more, until ${secondsOfDay(Date.parse(data.until), utc)}${quoted(data.reason)}${data.ticket === undefined ? "" : ` [${word(data.ticket)}]`}`;
      return `asked for ${word(data.role)} on ${printable(event.resource ?? "")} for ${formatDuration(number(data.duration))}${quoted(data.reason)}${data.ticket === undefined ? "" : ` [${word(data.ticket)}]`}`;
    case "request.emergency":
      return `took it without an approval, as an EMERGENCY${quoted(data.reason)}`;
    case "review.given":
      return `${data.verdict === "ok" ? "reviewed the emergency: ok" : "reviewed the emergency and FLAGGED it"}${quoted(data.reason)}`;
    case "review.refused":
      return `tried to review it and may not (${spaced(data.because)})`;
    case "review.overdue":
      return "review OVERDUE: nobody has looked at this emergency in time";
    case "request.approved":
      return event.actor === undefined
        ? `policy "${word(data.policy)}" allows it at once`
        : `approved${inPlaceOf(data)} (${number(data.approvals)} of ${number(data.needed)})${quoted(data.reason)}`;
    case "approval.given":
      return `said yes${inPlaceOf(data)} (${number(data.approvals)} of ${number(data.needed)})${quoted(data.reason)}`;
    case "request.denied":
      return `denied it${inPlaceOf(data)}${quoted(data.reason)}`;
    case "approval.refused":
      return `tried to ${word(data.verdict)} and may not (${spaced(data.because)})`;
    case "request.withdrawn":
      return event.actor === undefined ? `took it back: ${brokersReason(data)}` : `took it back${quoted(data.reason)}`;
    case "request.lapsed":
      if (data.because === "access_over") return "lapsed: the access that it was to extend was over";
      return data.because === "unused" ? "lapsed: nobody used it in time" : "lapsed: nobody answered in time";
    case "request.started":
      return `the window began${typeof data.expiresAt === "string" ? `; it ends at ${secondsOfDay(Date.parse(data.expiresAt), utc)}` : ""}`;
    case "request.extended":
      return `made the window ${formatDuration(number(data.duration))} longer${typeof data.until === "string" ? `; it ends at ${secondsOfDay(Date.parse(data.until), utc)}` : ""}`;
    case "request.refused":
      return `asked for ${formatDuration(number(data.duration))} more and was refused: ${word(data.because)}`;
    case "lease.extended":
      return `moved the end of ${word(data.handle)} on its target`;
    case "lease.extension_failed":
      return `could not move the end of ${word(data.handle)} on its target yet: ${word(data.error)}`;
    case "request.ended":
      return endWords(data);
    case "lease.planned":
      return `put the credential ${word(data.handle)} on record, before it exists`;
    case "lease.issued":
      return `got the credential, made in ${milliseconds(number(data.tookMs))}`;
    case "lease.issue_failed":
      return `could not make the credential: ${word(data.error)}`;
    case "lease.refused":
      return `asked for a credential and got none: ${word(data.because)}`;
    case "lease.revoking":
      return `began to revoke ${word(data.handle)} (${spaced(data.because)})`;
    case "lease.revocation_failed":
      return `could not revoke ${word(data.handle)} yet: ${word(data.error)}`;
    case "lease.overdue":
      return `OVERDUE: ${word(data.handle)} should be dead and is not proven dead`;
    case "lease.revoked": {
      const ended = number(data.sessionsEnded);
      const cut = ended === 0 ? "" : `, ${ended} ${ended === 1 ? "connection" : "connections"} ended`;
      return `proved ${word(data.handle)} dead after ${milliseconds(number(data.lateMs))}${cut}`;
    }
    case "lease.abandoned":
      return `gave up revoking ${word(data.left)}${quoted(data.reason)}`;
    case "session.started":
      return `ran ${commandOf(event)} on ${word(data.host)}`;
    case "session.ended": {
      const how =
        typeof data.exitCode === "number"
          ? `ended with ${data.exitCode}`
          : typeof data.signal === "string"
            ? `ended by ${word(data.signal)}`
            : `ended (${spaced(data.because)})`;
      return `${session?.command ?? "the command"} ${how}${session === undefined ? "" : ` after ${shortLength(at - session.at)}`}`;
    }
    case "session.recorded":
      return `kept ${number(data.pieces)} pieces of the recording, ${data.state === "running" ? "so far" : spaced(data.state)}`;
    case "session.recording_failed":
      return `the recording is not whole (${spaced(data.because)})`;
    case "session.recording_removed":
      return "removed the recording: it was older than recordings are kept";
    case "session.replayed":
      return `replayed the recording of ${word(data.of)}'s session`;
    case "session.watched":
      return `watched ${word(data.of)}'s session while it ran`;
    default: {
      const details = auditDetails(event);
      return `${event.kind}${details === "" ? "" : `: ${details}`}`;
    }
  }
}

/** The command of a `session.started`, as it would be typed. */
export function commandOf(event: AuditEvent): string {
  const { command } = event.data;
  const words = Array.isArray(command) ? command.filter((part) => typeof part === "string") : [];
  return printable(typedCommand(words.map((part) => printable(part, LONGEST))), LONGEST) || "the command";
}

function endWords(data: AuditEvent["data"]): string {
  switch (data.because) {
    case "expired":
      return "the window is over";
    case "used_once":
      return "the one command is over";
    case "idle":
      return typeof data.idleTimeout === "number"
        ? `ended it: nothing was done with it for ${formatDuration(data.idleTimeout)}`
        : "ended it: nothing was done with it";
    case "ended_by_holder":
      return `gave the access back${quoted(data.reason)}`;
    case "locked":
    case "group_lost":
      return `took the access back: ${brokersReason(data)}`;
    default:
      return `took the access back${quoted(data.reason)}`;
  }
}

/** By a delegation: whose answer it counts as. */
function inPlaceOf({ onBehalfOf }: AuditEvent["data"]): string {
  const name = (onBehalfOf as { name?: unknown } | undefined)?.name;
  return name === undefined ? "" : ` for ${word(name)}`;
}

/** Why the broker by itself ended a request before its time. Who locked it and why is told by the events of the lock. */
function brokersReason({ because, lock, groups }: AuditEvent["data"]): string {
  if (because === "locked") return `its requester or resource was locked (${word(lock)})`;
  const names = Array.isArray(groups) ? groups.map(word).join(", ") : "?";
  return `its requester is not in ${names} any more`;
}

/** `0.25s`, `12s`, `3m20s`. */
function milliseconds(ms: number): string {
  return ms < 10_000 ? `${Number((ms / 1_000).toFixed(2))}s` : shortLength(ms);
}

function word(value: unknown): string {
  return typeof value === "string" ? printable(value, LONGEST) : "?";
}

function spaced(value: unknown): string {
  return word(value).replaceAll("_", " ");
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function quoted(value: unknown): string {
  return typeof value === "string" && value !== "" ? `: “${word(value)}”` : "";
}
