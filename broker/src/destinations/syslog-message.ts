import type { AuditEvent } from "@phi/shared/contract/audit-event";
import { auditOutcomes } from "@phi/shared/contract/audit-outcome";

/** RFC 5424 §6.2.1. */
export const FACILITIES = {
  auth: 4,
  authpriv: 10,
  audit: 13,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;
export type Facility = keyof typeof FACILITIES;

/** Notice, warning, error. */
const SEVERITY = { ok: 5, refused: 4, failed: 3 } as const;
const LARGEST_SEQUENCE = 2_147_483_647;

/**
 * One event as an RFC 5424 message: the kind as MSGID, the number as `meta sequenceId` (§7.3.1), its line, which is ASCII, as MSG. `host` is what the
 * broker calls its machine.
 */
export function syslogMessage(event: AuditEvent, line: string, facility: Facility, host: string): string {
  const priority = FACILITIES[facility] * 8 + SEVERITY[auditOutcomes[event.kind]];
  const hostname = host.replaceAll(/[^\x21-\x7e]/g, "").slice(0, 255) || "-";
  // It begins anew at 1 after the largest one, as the RFC says; the whole number is in the JSON.
  const sequence = ((event.seq - 1) % LARGEST_SEQUENCE) + 1;
  const data = `[meta sequenceId="${sequence}"]`;
  return `<${priority}>1 ${event.at} ${hostname} phi-broker - ${event.kind.slice(0, 32)} ${data} ${line}`;
}
