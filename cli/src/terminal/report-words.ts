import type { Report, ReportFigures, ReportRow } from "@phi/shared/contract/report";
import { printable } from "@phi/shared/text";
import type { Column } from "./table.js";
import { instantForPeople, shortLength } from "./times.js";

/** What a row of this report stands for. */
function keyColumns(by: Report["by"]): Column<ReportRow>[] {
  const column = (head: string, cell: Column<ReportRow>["cell"]): Column<ReportRow> => ({ head, cell, shrinks: true });
  const person = column("PERSON", (row) => row.person ?? "");
  const resource = column("RESOURCE", (row) => row.resource ?? "");
  switch (by) {
    case "access":
      return [person, resource, { head: "ROLE", cell: (row) => row.role ?? "" }];
    case "person":
      return [person];
    case "resource":
      return [resource];
    case "team":
      return [column("TEAM", (row) => row.team ?? "")];
  }
}

/** The table of a report; a zero is left empty, so that what is there stands out. */
export function reportColumns(by: Report["by"], utc: boolean): Column<ReportRow>[] {
  const count = (head: string, value: (row: ReportRow) => number, isBad = false): Column<ReportRow> => ({
    head,
    cell: (row) => (value(row) === 0 ? "" : String(value(row))),
    ...(isBad ? { style: (text, row, paint) => (value(row) > 0 ? paint.bad(text) : text) } : {}),
  });
  const length = (head: string, value: (row: ReportRow) => number | undefined): Column<ReportRow> => ({
    head,
    cell: (row) => lengthWords(value(row)),
  });
  return [
    ...keyColumns(by),
    count("ASKED", (row) => row.asked),
    count("GIVEN", (row) => row.given),
    length("OPEN", (row) => row.openMs),
    length("LONGEST", (row) => row.longestMs),
    { head: "APPROVED BY", cell: (row) => row.approvers.join(", "), shrinks: true },
    length("ANSWERED IN", (row) => row.answerMedianMs),
    length("P90", (row) => row.answerP90Ms),
    count("EXTENDED", (row) => row.extended),
    count("UNUSED", (row) => row.neverUsed),
    count("DENIED", (row) => row.denied),
    count("UNANSWERED", (row) => row.unanswered),
    count("OVERDUE", (row) => row.overdue, true),
    {
      head: "LAST USED",
      cell: (row) => (row.lastStartedAt === undefined ? "" : instantForPeople(Date.parse(row.lastStartedAt), utc)),
    },
  ];
}

/** `41 requests: 33 given (4 at once by policy), 3 denied, …` */
export function totalWords(total: ReportFigures): string {
  const parts = [
    `${total.given} given${total.atOnce === 0 ? "" : ` (${total.atOnce} at once by policy)`}`,
    some(total.denied, "denied"),
    some(total.unanswered, "unanswered"),
    some(total.withdrawn, "withdrawn"),
    some(total.neverUsed, "never used"),
    some(total.revoked, "revoked"),
    some(total.extended, total.extended === 1 ? "extension" : "extensions"),
    some(total.overdue, "overdue credentials"),
    total.openMs === 0 ? "" : `open for ${shortLength(total.openMs)} in all, ${shortLength(total.longestMs)} at most`,
    total.answerMedianMs === undefined
      ? ""
      : `answered in ${shortLength(total.answerMedianMs)} (median), ${lengthWords(total.answerP90Ms)} (90th percentile)`,
  ].filter((part) => part !== "");
  return `${total.asked} ${total.asked === 1 ? "request" : "requests"}: ${parts.join(", ")}.`;
}

/** The same as rows of text for programs: milliseconds, instants in UTC. */
export const CSV_FIELDS: readonly [string, (row: ReportRow) => string | number | undefined][] = [
  ["person", (row) => row.person],
  ["resource", (row) => row.resource],
  ["role", (row) => row.role],
  ["team", (row) => row.team],
  ["asked", (row) => row.asked],
  ["given", (row) => row.given],
  ["at_once", (row) => row.atOnce],
  ["denied", (row) => row.denied],
  ["unanswered", (row) => row.unanswered],
  ["withdrawn", (row) => row.withdrawn],
  ["never_used", (row) => row.neverUsed],
  ["revoked", (row) => row.revoked],
  ["extended", (row) => row.extended],
  ["overdue", (row) => row.overdue],
  ["open_ms", (row) => row.openMs],
  ["longest_ms", (row) => row.longestMs],
  ["answer_median_ms", (row) => row.answerMedianMs],
  ["answer_p90_ms", (row) => row.answerP90Ms],
  ["approvers", (row) => row.approvers.map((name) => printable(name)).join("; ")],
  ["last_started_at", (row) => row.lastStartedAt],
];

function lengthWords(ms: number | undefined): string {
  return ms === undefined || ms === 0 ? "" : shortLength(ms);
}

function some(count: number, what: string): string {
  return count === 0 ? "" : `${count} ${what}`;
}
