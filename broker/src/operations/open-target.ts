import type { RecordingRules } from "@phi/shared/contract/recording";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import type { Caller } from "../domain/caller.js";
import type { Standing } from "../domain/policy/policy.js";
import type { Resource } from "../domain/resource.js";
import type { AuditTree } from "../ports/audit-tree.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Provider } from "../ports/provider.js";
import type { Usable } from "./find-usable-request.js";
import type { Standings } from "./standings.js";

/** What a credential is made on. */
export interface Target {
  readonly resource: Resource;
  readonly role: unknown;
  readonly provider: Provider;
  /** What is to be recorded of a session under the role; absent for nothing. */
  readonly recording: RecordingRules | undefined;
}

/**
 * Rejects with `target_unavailable` while the ledger is older than what the target has seen, or its log is not signed, and with `refused_by_policy` when the caller may no longer have it, or it is no longer configured; the refusal is on record.
 */
export type OpenTarget = (caller: Caller, request: Usable) => Promise<Target>;

interface Needs {
  readonly ledger: Ledger;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly standings: Pick<Standings, "outdated">;
  readonly tree: Pick<AuditTree, "conflict">;
}

/** Groups and configuration are read again now: what was right when it was asked may not be any more. */
export function createOpenTarget({ ledger, catalogue, clock, standings, tree }: Needs): OpenTarget {
  return async (caller, request) => {
    const resource = catalogue.resource(request.resource);
    const provider = resource && catalogue.provider(resource.kind);
    const role = resource?.roles.get(request.role);
    const standing = catalogue.policy().stillHolds(caller.principal, request, clock.now());
    const gone = resource === undefined || provider === undefined || role === undefined;
    const outdated = standings.outdated(request.resource) !== undefined;
    const unsigned = tree.conflict() !== undefined;
    if (!gone && !outdated && !unsigned && standing.holds)
      return { resource, role, provider, recording: resource.recordings?.get(request.role) };
    const because = outdated
      ? `phi's records are older than what ${request.resource} has seen, so phi makes nothing there until its operator has decided.`
      : unsigned
        ? "phi's audit log cannot be signed, so phi makes no credential until its operator has decided."
        : gone
          ? `${request.role} on ${request.resource} is no longer configured.`
          : whyNot(request, standing);
    await ledger.record({
      id: newId("event"),
      at: clock.now(),
      kind: "lease.refused",
      actor: caller.principal,
      resource: request.resource,
      requestId: request.id,
      data: { because },
    });
    throw outdated || unsigned
      ? new PhiError("target_unavailable", because, { hint: "Whoever runs the broker reads: phi-broker status" })
      : new PhiError("refused_by_policy", because, { hint: "phi resources" });
  };
}

function whyNot({ role, resource }: Usable, standing: Standing): string {
  const { deniedBy } = { deniedBy: undefined, ...standing };
  if (deniedBy === undefined)
    return `You may not have ${role} on ${resource} now: your groups or the policy have changed since you asked, its hours are over, or you are not on call any more.`;
  const message = deniedBy.message === undefined ? "" : `: ${deniedBy.message}`;
  return `The policy "${deniedBy.name}" denies ${role} on ${resource} now${message}.`;
}
