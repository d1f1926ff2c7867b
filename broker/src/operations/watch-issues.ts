import { PhiError } from "@phi/shared/errors";
import type { Provider } from "../ports/provider.js";
import type { OpenTarget } from "./open-target.js";
import type { RevocationLanes } from "./revocation-lanes.js";

/**
 * What an issue learns of its target its lane learns too: one that did not answer opens the breaker before anything has to be revoked there, and
 * operators see it; one that did answers for the revocations.
 *
 * @param leaving aborts when the broker stops and nobody is left to hand a credential to: what hangs then is given up, on record
 */
export function watchIssues(
  openTarget: OpenTarget,
  lanes: Pick<RevocationLanes, "heard">,
  leaving: AbortSignal,
): OpenTarget {
  return async (caller, request) => {
    const target = await openTarget(caller, request);
    const heard = (isAnswer: boolean) => lanes.heard(target.resource.name, isAnswer);
    return { ...target, provider: watched(target.provider, heard, leaving) };
  };
}

function watched(provider: Provider, heard: (isAnswer: boolean) => void, leaving: AbortSignal): Provider {
  return {
    ...provider,
    async issue(order, handle, signal) {
      try {
        const credential = await provider.issue(order, handle, AbortSignal.any([signal, leaving]));
        heard(true);
        return credential;
      } catch (error) {
        // A refusal is an answer; what is no PhiError is our own fault and says nothing.
        if (error instanceof PhiError && !leaving.aborted)
          heard(error.code !== "target_unavailable" || error.data?.answered === true);
        throw error;
      }
    },
  };
}
