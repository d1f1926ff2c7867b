import type { AuditEvent, AuditQuery } from "@phi/shared/contract/audit-event";
import type { RequestId } from "@phi/shared/ids";
import type { Caller } from "../domain/caller.js";
import type { Ledger } from "../ports/ledger.js";

/** One page, oldest first. Auditors and admins see everything; everybody else what concerns them. */
export function createQueryAudit({ ledger }: { readonly ledger: Ledger }) {
  return async function queryAudit(
    caller: Caller,
    query: AuditQuery,
  ): Promise<{ events: AuditEvent[]; next: number | undefined }> {
    const found = await ledger.audit({
      since: query.since === undefined ? undefined : Date.parse(query.since),
      until: query.until === undefined ? undefined : Date.parse(query.until),
      actor: query.actor,
      resource: query.resource,
      request: query.request as RequestId | undefined,
      kind: query.kind,
      after: query.after,
      limit: query.limit + 1,
      visibleTo: caller.mayAudit ? undefined : caller.principal,
    });
    const events = found.slice(0, query.limit);
    return { events, next: found.length > query.limit ? events.at(-1)?.seq : undefined };
  };
}
