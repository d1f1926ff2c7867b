import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { auditOutcomes } from "@phi/shared/contract/audit-outcome";
import { formatDuration } from "@phi/shared/duration";
import { printable } from "@phi/shared/text";
import type { Column } from "./table.js";
import { instantForPeople, utcTime } from "./times.js";
import { typedCommand } from "./typed-command.js";

/** The columns of the audit trail. Each time says its offset from UTC: it is read by people on several continents. */
export const auditColumns = ({ utc }: { readonly utc: boolean }): Column<AuditEvent>[] => [
  {
    head: "TIME",
    cell: (event) => instantForPeople(Date.parse(event.at), utc),
    style: (text, _event, paint) => paint.faint(text),
  },
  { head: "WHO", cell: (event) => event.actor?.name ?? "phi", shrinks: true },
  {
    head: "WHAT",
    cell: (event) => event.kind,
    style: (text, event, paint) => (isLoud(event) ? paint.bad(text) : paint.strong(text)),
  },
  { head: "ON", cell: (event) => event.resource ?? "", shrinks: true },
  { head: "REQUEST", cell: (event) => event.request ?? "" },
  { head: "DETAILS", cell: auditDetails, shrinks: true },
];

const LONGEST_VALUE = 300;

/** The facts of an event in one line, in the order the broker gave them: `role readonly · duration 30m · reason "INC-42"`. */
export function auditDetails(event: AuditEvent): string {
  return Object.entries(event.data)
    .flatMap(([key, value]) => {
      const words = valueWords(key, value);
      return words === ""
        ? []
        : [`${printable(key, 64).replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${words}`];
    })
    .join(" · ");
}

function valueWords(key: string, value: unknown): string {
  if (value === undefined || value === null || value === "") return "";
  if (typeof value === "number") return /duration$/i.test(key) ? formatDuration(value) : String(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return textWords(value);
  if (Array.isArray(value) && value.every((part) => typeof part === "string")) {
    const parts = value.map((part) => printable(part, LONGEST_VALUE));
    return printable(key === "command" ? typedCommand(parts) : parts.join(", "), LONGEST_VALUE);
  }
  return printable(JSON.stringify(value), LONGEST_VALUE);
}

function textWords(text: string): string {
  if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/.test(text)) return utcTime(Date.parse(text));
  // A hash is compared by its beginning; all of it is in --json.
  if (/^[0-9a-f]{64}$/.test(text)) return text.slice(0, 12);
  const shown = printable(text, LONGEST_VALUE);
  if (/^[\w:.@/-]+$/.test(shown)) return shown;
  return shown.includes('"') ? `“${shown}”` : `"${shown}"`;
}

/** Kinds that somebody should look into. */
function isLoud(event: AuditEvent): boolean {
  return auditOutcomes[event.kind] !== "ok";
}
