import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { auditOutcomes } from "@phi/shared/contract/audit-outcome";
import type { RequestView } from "@phi/shared/contract/request";
import { printable } from "@phi/shared/text";
import type { Paint } from "./paint.js";
import { stateWords, whatIsAsked } from "./request-words.js";
import { commandOf, eventSentence } from "./story-words.js";
import { instantForPeople, secondsOfDay, shortLength } from "./times.js";
import { displayWidth } from "./width.js";

const QUIET = new Set<AuditEvent["kind"]>(["lease.planned", "lease.revoking"]);

/**
 * One access from ask to revocation: what it was, a line per event (time, time since the line before, who, what), and what it came to.
 * `events` in the order of the log.
 */
export function storyLines(
  view: RequestView,
  events: readonly AuditEvent[],
  { utc, paint }: { readonly utc: boolean; readonly paint: Paint },
): string[] {
  const sessions = new Map<string, { command: string; at: number }>();
  const names = Math.min(24, Math.max(...events.map((event) => displayWidth(who(event))), 3));
  const lines = [`${paint.strong(`${printable(view.requester.name)}: ${whatIsAsked(view)}`)}  ${view.request}`, ""];
  let day = "";
  let before: number | undefined;
  for (const event of events) {
    const at = Date.parse(event.at);
    if (event.kind === "session.started" && event.session !== undefined)
      sessions.set(event.session, { command: commandOf(event), at });
    const written = instantForPeople(at, utc);
    if (written.slice(0, 10) !== day) {
      day = written.slice(0, 10);
      lines.push(paint.faint(`${day} ${utc ? "UTC" : written.slice(20)}`));
    }
    const since = before === undefined || at - before < 1_000 ? "" : `+${shortLength(at - before)}`;
    before = at;
    const name = who(event);
    // An extension of it, told with it.
    const other = event.request === undefined || event.request === view.request ? "" : `  ${event.request}`;
    const sentence = `${eventSentence(event, { sessions, utc })}${other}`;
    const style = auditOutcomes[event.kind] !== "ok" ? paint.bad : QUIET.has(event.kind) ? paint.faint : same;
    lines.push(
      `${secondsOfDay(at, utc)} ${paint.faint(since.padStart(8))}  ${name}${" ".repeat(Math.max(0, names - displayWidth(name)))}  ${style(sentence)}`,
    );
  }
  return [...lines, "", cameTo(view, sessions.size)];
}

/** `Answered in 1m29s · open 24m of 30m · 2 commands · ended (given back) · every credential is proven dead.` */
function cameTo(view: RequestView, commands: number): string {
  const answered = view.approvedAt ?? (view.state === "denied" ? view.endedAt : undefined);
  const dead = view.leases.filter((lease) => lease.state === "revoked").length;
  const left = view.leases.length - dead;
  const parts = [
    answered === undefined || view.approvalsNeeded === 0
      ? ""
      : `answered in ${shortLength(Date.parse(answered) - Date.parse(view.createdAt))}`,
    view.startedAt === undefined || view.endedAt === undefined
      ? ""
      : `open for ${shortLength(Date.parse(view.endedAt) - Date.parse(view.startedAt))}`,
    commands === 0 ? "" : commands === 1 ? "1 command" : `${commands} commands`,
    stateWords(view),
    view.leases.length === 0
      ? "no credential was made"
      : left === 0
        ? "every credential is proven dead"
        : `${left} of ${view.leases.length} credentials not proven dead`,
  ].filter((part) => part !== "");
  const text = parts.join(" · ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function who(event: AuditEvent): string {
  return event.actor === undefined ? "phi" : printable(event.actor.name, 24);
}

const same = (text: string) => text;
