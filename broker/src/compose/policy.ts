import { type Calendars, NO_CALENDARS } from "../domain/on-call.js";
import { compilePolicy } from "../domain/policy/policy.js";
import { createReloadPolicy } from "../operations/reload-policy.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Parts } from "./parts.js";

/** What is configured: the policy, which may be replaced while the broker serves, the resources, and who provides them. */
export function composePolicy(
  { config, providers, log, loadAgain = async () => config }: Parts,
  { ledger, clock, calendars }: { readonly ledger: Ledger; readonly clock: Clock; readonly calendars: () => Calendars },
) {
  let policy = compilePolicy(config.policies, config.policyHash);
  let bound = { policy, calendars: NO_CALENDARS, as: policy };
  const catalogue: Catalogue = {
    policy() {
      const known = calendars();
      if (bound.policy !== policy || bound.calendars !== known)
        bound = { policy, calendars: known, as: policy.on(known) };
      return bound.as;
    },
    calendars,
    resources: [...config.resources.values()],
    resource: (name) => config.resources.get(name),
    provider: (kind) => (Object.hasOwn(providers, kind) ? providers[kind] : undefined),
  };
  const reloadPolicy = createReloadPolicy({
    load: async () => {
      const read = await loadAgain();
      return { policy: compilePolicy(read.policies, read.policyHash), needsRestart: read.restHash !== config.restHash };
    },
    current: () => policy,
    replace: (next) => {
      policy = next;
    },
    ledger,
    clock,
    log,
  });
  return { catalogue, reloadPolicy };
}
