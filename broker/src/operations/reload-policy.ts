import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import type { Policy } from "../domain/policy/policy.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Log } from "../ports/log.js";

interface Needs {
  /** Reads the whole configuration; rejects with `config_invalid`. */
  readonly load: () => Promise<{ readonly policy: Policy; readonly needsRestart: boolean }>;
  readonly current: () => Policy;
  readonly replace: (policy: Policy) => void;
  readonly ledger: Pick<Ledger, "record">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Takes over the policies of the configuration as it stands now, or keeps the present ones. Never rejects. */
export type ReloadPolicy = (because: "signal" | "file_changed") => Promise<void>;

/**
 * The file is read and checked whole before anything changes, and what is not on record does not happen: with a mistake in the file, or
 * a ledger that cannot be written, the present policy stays, loudly. One after the other, however fast they come.
 */
export function createReloadPolicy({ load, current, replace, ledger, clock, log }: Needs): ReloadPolicy {
  let last: Promise<void> = Promise.resolve();

  async function reload(because: "signal" | "file_changed"): Promise<void> {
    const before = current();
    try {
      const { policy, needsRestart } = await load();
      if (needsRestart)
        log.warn("restart_needed", { because: "more than the policies has changed in the configuration" });
      if (policy.hash === before.hash) {
        log.info("policy_unchanged", { policy: before.hash });
        return;
      }
      const data = { from: before.hash, to: policy.hash, policies: policy.rules.length, because };
      await ledger.record({ id: newId("event"), at: clock.now(), kind: "policy.reloaded", data });
      replace(policy);
      log.info("policy_reloaded", data);
    } catch (error) {
      const words = error instanceof PhiError ? error.message : "phi failed";
      log.error("policy_reload_failed", { kept: before.hash, because, error: words });
      await ledger
        .record({
          id: newId("event"),
          at: clock.now(),
          kind: "policy.reload_failed",
          data: { kept: before.hash, because, error: words.slice(0, 2_000) },
        })
        .catch(() => undefined);
    }
  }

  return (because) => {
    last = last.then(() => reload(because));
    return last;
  };
}
