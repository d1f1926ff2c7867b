import type { RequestId } from "@phi/shared/ids";
import type { Lease } from "../domain/lease.js";
import type { Request } from "../domain/request.js";
import type { Approval, RequestDossier } from "../ports/ledger.js";
import { approvalFromRow, leaseFromRow, requestFromRow } from "./rows.js";
import { approvals } from "./schema/approvals.js";
import { leases } from "./schema/leases.js";
import { requests } from "./schema/requests.js";
import { rowsFromJson, selectJson } from "./select.js";
import { listed, sql } from "./sql.js";
import type { Store } from "./store.js";

/** Requests with what belongs to them, as of one instant: three questions one after the other could see a request that is over with a lease that is not. */
export async function readDossiers(
  { together }: Pick<Store, "together">,
  ids: readonly RequestId[],
): Promise<RequestDossier[]> {
  if (ids.length === 0) return [];
  const wanted = listed(ids);
  const [found = [], answers = [], held = []] = await together(
    selectJson(requests, sql`where ${requests.id} in ${wanted}`),
    selectJson(approvals, sql`where ${approvals.requestId} in ${wanted} order by ${approvals.at}`),
    selectJson(leases, sql`where ${leases.requestId} in ${wanted} order by ${leases.createdAt}`),
  );
  const byId = new Map<
    string,
    { readonly request: Request; readonly approvals: Approval[]; readonly leases: Lease[] }
  >();
  for (const request of rowsFromJson(requests, found).map(requestFromRow)) {
    byId.set(request.id, { request, approvals: [], leases: [] });
  }
  for (const approval of rowsFromJson(approvals, answers).map(approvalFromRow)) {
    byId.get(approval.requestId)?.approvals.push(approval);
  }
  for (const lease of rowsFromJson(leases, held).map(leaseFromRow)) {
    byId.get(lease.requestId ?? "")?.leases.push(lease);
  }
  return ids.map((id) => byId.get(id)).filter((dossier) => dossier !== undefined);
}
