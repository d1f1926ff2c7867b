import type { AuditEvent } from "@phi/shared/contract/audit-event";

/** One event as `GET /v1/audit` gives it, on one line of ASCII: nothing in it can end the line or act on a terminal. */
export function jsonLine(event: AuditEvent): string {
  return JSON.stringify(event).replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
