import type { Report, ReportBy, ReportQuery, ReportRow } from "@phi/shared/contract/report";
import { PhiError } from "@phi/shared/errors";
import { toRfc3339 } from "@phi/shared/time";
import type { Caller } from "../domain/caller.js";
import { createTally, rowKeys, type Tally } from "../domain/report.js";
import type { Clock } from "../ports/clock.js";
import type { RequestRecords } from "../ports/request-records.js";

/** More rows than anybody reviews; each is some hundred bytes of the answer. */
const MOST_ROWS = 1_000;
/** More are not told apart: a report is made in memory. */
const MOST_GROUPS = 100_000;
const MOST_APPROVERS = 10;

/**
 * Who had what, for how long, who said yes and how fast. Auditors and admins: of everybody; others: of their own requests.
 *
 * @throws PhiError `invalid_input`
 */
export function createReportAccess({ records, clock }: { readonly records: RequestRecords; readonly clock: Clock }) {
  return async function reportAccess(caller: Caller, query: ReportQuery): Promise<Report> {
    const now = clock.now();
    const since = Date.parse(query.since);
    const until = Math.min(query.until === undefined ? now : Date.parse(query.until), now);
    if (since >= until) throw new PhiError("invalid_input", "since must be before until, and not in the future.");
    const total = createTally({ since, until });
    const groups = new Map<string, { key: readonly string[]; tally: Tally }>();
    const filter = { since, until, resource: query.resource, person: query.person };
    for await (const page of records({ ...filter, requester: caller.mayAudit ? undefined : caller.principal })) {
      for (const record of page) {
        total.add(record);
        for (const key of rowKeys(record, query.by)) {
          const name = JSON.stringify(key);
          const group = groups.get(name) ?? { key, tally: createTally({ since, until }) };
          group.tally.add(record);
          if (groups.size < MOST_GROUPS) groups.set(name, group);
        }
      }
    }
    const rows = [...groups.values()].map(({ key, tally }) => row(query.by, key, tally)).sort(mostOpenFirst);
    return {
      since: toRfc3339(since),
      until: toRfc3339(until),
      by: query.by,
      total: total.figures(),
      rows: rows.slice(0, MOST_ROWS),
      cut: rows.length > MOST_ROWS,
    };
  };
}

function row(by: ReportBy, key: readonly string[], tally: Tally): ReportRow {
  const last = tally.lastStartedAt();
  const names = by === "access" ? ["person", "resource", "role"] : [by];
  return {
    ...Object.fromEntries(names.map((name, index) => [name, key[index]])),
    ...tally.figures(),
    approvers: tally.approvers().slice(0, MOST_APPROVERS),
    ...(last === undefined ? {} : { lastStartedAt: toRfc3339(last) }),
  };
}

function mostOpenFirst(a: ReportRow, b: ReportRow): number {
  return b.openMs - a.openMs || b.asked - a.asked;
}
