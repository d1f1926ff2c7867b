import { type AuditFilter, auditKinds } from "@phi/shared/contract/audit-event";
import { auditOutcome } from "@phi/shared/contract/audit-outcome";
import { PhiError } from "@phi/shared/errors";
import { parseId } from "@phi/shared/ids";
import { nearest, printable } from "@phi/shared/text";
import { type Instant, toRfc3339 } from "@phi/shared/time";
import type { Command } from "commander";
import type { Invocation } from "../../invocation.js";
import { readRequestId } from "../../requests/typed-id.js";
import { readPast } from "../../requests/typed-past.js";

/** Which events are meant, as typed. */
export interface FilterFlags {
  readonly since?: string;
  readonly until?: string;
  readonly actor?: string;
  readonly resource?: string;
  readonly request?: string;
  readonly kind?: string;
  readonly outcome?: string;
  readonly text?: string;
}

const KINDS = [
  ...new Set([...Object.keys(auditKinds).map((kind) => kind.split(".")[0] ?? kind), ...Object.keys(auditKinds)]),
];

/** The flags of everything that asks the audit log. `usual`: what `--since` is when it is not given. */
export function filterFlags(command: Command, usual: string): Command {
  return command
    .option("--since <when>", `a length of time ago, a date or an instant (${usual})`)
    .option("--until <when>", "the same, exclusive (now)")
    .option("--actor <name>", "name or subject of who did it")
    .option("--resource <name>", "on this resource")
    .option("--request <id>", "of one request")
    .option("--kind <kind>", "a kind, or its first word: lease is every lease.*")
    .option("--outcome <outcome>", "ok, refused (somebody was told no) or failed")
    .option("--text <part>", "part of a reason, a command, a name or any other text of the event");
}

/** The filter as the contract wants it; a shortened id is looked up. `usualSince` is used when `--since` is not given. */
export async function readFilter(
  phi: Invocation,
  flags: FilterFlags,
  now: Instant,
  usualSince: string | undefined,
): Promise<AuditFilter> {
  const since = flags.since ?? usualSince;
  const from = since === undefined ? undefined : readPast(since, "--since", now);
  const to = flags.until === undefined ? undefined : readPast(flags.until, "--until", now);
  if (from !== undefined && to !== undefined && from >= to)
    throw new PhiError("invalid_input", "--since must be before --until.");
  const kind = flags.kind === undefined ? undefined : oneOf("--kind", flags.kind, KINDS, "kind of event");
  const outcome =
    flags.outcome === undefined ? undefined : oneOf("--outcome", flags.outcome, auditOutcome.options, "outcome");
  return {
    ...(from === undefined ? {} : { since: toRfc3339(from) }),
    ...(to === undefined ? {} : { until: toRfc3339(to) }),
    ...(flags.actor === undefined ? {} : { actor: flags.actor }),
    ...(flags.resource === undefined ? {} : { resource: flags.resource }),
    ...(flags.request === undefined ? {} : { request: await wholeId(phi, flags.request) }),
    ...(kind === undefined ? {} : { kind }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(flags.text === undefined ? {} : { text: flags.text }),
  };
}

function oneOf<Known extends string>(flag: string, typed: string, known: readonly Known[], what: string): Known {
  const found = known.find((one) => one === typed);
  if (found !== undefined) return found;
  const near = nearest(typed, known);
  throw new PhiError("invalid_input", `${flag}: there is no ${what} "${printable(typed, 60)}".`, {
    hint:
      near !== undefined
        ? `did you mean ${near}?`
        : known.length < 10
          ? `one of ${known.join(", ")}`
          : "see: phi help audit",
  });
}

/** The audit API takes whole ids; a shortened one is looked up. */
async function wholeId(phi: Invocation, typed: string): Promise<string> {
  const whole = parseId("request", typed);
  return whole ?? (await (await phi.broker()).request(readRequestId(phi, typed))).request;
}
