import { openConnection } from "@phi/broker/store/connection";
import { entryToValues } from "@phi/broker/store/event-rows";
import { auditEvents } from "@phi/broker/store/schema/audit-events";
import { columnsOf } from "@phi/broker/store/sql";
import type { AuditKind } from "@phi/shared/contract/audit-event";
import type { EventId, LeaseId, RequestId, SessionId } from "@phi/shared/ids";

const AT_ONCE = 5_000;
const DAY = 86_400_000;
/** The life of one access, over and over. */
const KINDS: readonly AuditKind[] = [
  "request.created",
  "lease.issued",
  "session.started",
  "session.ended",
  "lease.revoked",
];

/**
 * Events as years of use leave them behind, each with its true leaf, two of five with a text that somebody typed: the last `recent` of them within
 * a week, the rest before it. Straight into the table, behind what is there, so that a million take half a minute; a broker that starts builds its tree over them.
 */
export function fillLog(file: string, { events, recent }: { events: number; recent: number }): void {
  const ledger = openConnection(file);
  const now = Date.now();
  const columns = columnsOf(auditEvents).slice(1);
  const values = columns.map(({ key }, index) =>
    key === "leaf" ? `unhex(value ->> '$[${index}]')` : `value ->> '$[${index}]'`,
  );
  const text = `insert into audit_events (${columns.map(({ name }) => name).join(", ")}) select ${values.join(", ")} from json_each(?)`;
  const at = (n: number) =>
    n < events - recent
      ? now - 340 * DAY + n * Math.floor((330 * DAY) / events)
      : now - 6 * DAY + (n - (events - recent)) * Math.floor((6 * DAY) / recent);
  for (let start = 0; start < events; start += AT_ONCE) {
    const rows = [];
    for (let n = start; n < Math.min(start + AT_ONCE, events); n++) rows.push(row(n, at(n)));
    ledger.run({ sql: text, args: [JSON.stringify(rows)] });
  }
  ledger.rows({ sql: "pragma wal_checkpoint(truncate)", args: [] });
  void ledger.close();
}

function row(n: number, at: number): unknown[] {
  const kind = KINDS[n % KINDS.length] ?? "lease.issued";
  const numbered = (prefix: string, number: number, digits: number) =>
    `${prefix}_${String(Math.floor(number)).padStart(digits, "0")}`;
  const handle = numbered("phi_000000", n, 16);
  const data: Record<string, unknown> =
    kind === "request.created"
      ? { handle, reason: `INC-${n}: stuck orders`, role: "readonly" }
      : kind === "session.started"
        ? { command: ["psql", "-c", `select ${n}`], handle, role: "readonly" }
        : { handle, role: "readonly", tookMs: n % 900 };
  const values = entryToValues({
    id: numbered("evt", n, 16) as EventId,
    at,
    kind,
    actor: { issuer: "https://bench", subject: `person-${n % 97}`, name: `person ${n % 97}` },
    resource: `db-${n % 20}`,
    requestId: numbered("req", n / 5, 12) as RequestId,
    leaseId: numbered("lse", n / 5, 16) as LeaseId,
    sessionId: numbered("ses", n / 5, 16) as SessionId,
    data,
  });
  return values.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value));
}
