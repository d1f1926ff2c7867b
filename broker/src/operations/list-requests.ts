import type { RequestQuery } from "@phi/shared/contract/request";
import { PhiError } from "@phi/shared/errors";
import type { RequestId } from "@phi/shared/ids";
import { answerRight } from "../domain/answer-as.js";
import type { Caller } from "../domain/caller.js";
import type { Clock } from "../ports/clock.js";
import type { Delegations } from "../ports/delegations.js";
import type { Ledger } from "../ports/ledger.js";
import type { Dossier, Dossiers } from "./dossier.js";

/** Newest first; `next` is where the following page begins. */
export interface RequestPage {
  readonly dossiers: readonly Dossier[];
  readonly next: RequestId | undefined;
}

interface Needs {
  readonly ledger: Ledger;
  readonly dossiers: Dossiers;
  readonly delegations: Delegations;
  readonly clock: Clock;
}

/** @throws PhiError `not_permitted` for `all`, unless the caller is an auditor or an admin. */
export function createListRequests({ ledger, dossiers, delegations, clock }: Needs) {
  return async function listRequests(caller: Caller, query: RequestQuery): Promise<RequestPage> {
    if (query.scope === "all" && !caller.mayAudit) {
      throw new PhiError("not_permitted", "Only auditors and admins may list everybody's requests.", {
        hint: "phi requests lists yours, phi requests --to-approve those that wait for you.",
      });
    }
    const found = await ledger.requests({
      requester: query.scope === "mine" ? caller.principal : undefined,
      approvableBy: query.scope === "to_approve" ? caller.principal : undefined,
      standIns: query.scope === "to_approve" ? await delegations.standIns(caller.principal, clock.now()) : undefined,
      reviewableBy: query.scope === "to_review" ? caller.principal : undefined,
      // What waits for an answer is what is asked for, unless another state is named.
      states: query.state !== undefined ? [query.state] : query.scope === "to_approve" ? ["pending"] : undefined,
      before: query.before as RequestId | undefined,
      limit: query.limit + 1,
    });
    const page = found.slice(0, query.limit);
    const gathered = await dossiers.gather(caller, page);
    return {
      dossiers:
        query.scope === "to_approve" ? gathered.filter((dossier) => !waitsForOthers(caller, dossier)) : gathered,
      next: found.length > query.limit ? page.at(-1)?.id : undefined,
    };
  };
}

/** What a pending request waits for is somebody else: the caller has answered, or another stage is open. A page may have fewer entries for it. */
function waitsForOthers({ principal }: Caller, { request, approvals, standIns }: Dossier): boolean {
  return (
    request.state === "pending" &&
    answerRight(request, approvals, principal, standIns, "approve").right !== "may_decide"
  );
}
