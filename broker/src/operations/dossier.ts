import { PhiError } from "@phi/shared/errors";
import { parseId, parseIdPrefix } from "@phi/shared/ids";
import type { Caller } from "../domain/caller.js";
import type { Lease } from "../domain/lease.js";
import type { Request } from "../domain/request.js";
import { type Rights, rightsOn } from "../domain/rights.js";
import type { Clock } from "../ports/clock.js";
import type { Approval, Ledger } from "../ports/ledger.js";

/** A request with all that belongs to it and what the caller may do with it. */
export interface Dossier {
  readonly request: Request;
  readonly approvals: readonly Approval[];
  readonly leases: readonly Lease[];
  readonly rights: Rights;
}

export interface Dossiers {
  /**
   * Loads, then authorises. `typed` is an id or the unique beginning of one.
   *
   * @throws PhiError `not_found`, also for what is not the caller's to see: the two cannot be told apart.
   */
  open(caller: Caller, typed: string): Promise<Dossier>;
  /** As {@link Dossiers.open}, for requests loaded before; those not to be seen are left out. */
  gather(caller: Caller, requests: readonly Request[]): Promise<Dossier[]>;
}

export function createDossiers({ ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock }): Dossiers {
  async function gather(caller: Caller, requests: readonly Request[]): Promise<Dossier[]> {
    const now = clock.now();
    const seen = requests
      .map((request) => ({ request, rights: rightsOn(request, caller, now) }))
      .filter(({ rights }) => rights.see);
    const ids = seen.map(({ request }) => request.id);
    const [approvals, leases] = await Promise.all([ledger.approvals(ids), ledger.leasesOf(ids)]);
    return seen.map(({ request, rights }) => ({
      request,
      rights,
      approvals: approvals.filter((one) => one.requestId === request.id),
      leases: leases.filter((one) => one.requestId === request.id),
    }));
  }

  return {
    gather,
    async open(caller, typed) {
      const [dossier, another] = await gather(caller, await find(typed));
      if (another !== undefined) {
        throw new PhiError("invalid_input", `Several requests begin with ${typed}.`, { hint: "Type more of the id." });
      }
      if (dossier === undefined) {
        throw new PhiError("not_found", `There is no request ${typed} that you may see.`, {
          hint: "phi requests lists yours.",
        });
      }
      return dossier;
    },
  };

  async function find(typed: string): Promise<Request[]> {
    const id = parseId("request", typed);
    if (id !== undefined) {
      const request = await ledger.request(id);
      return request === undefined ? [] : [request];
    }
    const prefix = parseIdPrefix("request", typed);
    if (prefix === undefined) {
      throw new PhiError("invalid_input", `"${typed}" is not the id of a request; ids look like req_7k3m9q2x4v8a.`, {
        hint: "phi requests lists yours.",
      });
    }
    return await ledger.requestsByPrefix(prefix);
  }
}
