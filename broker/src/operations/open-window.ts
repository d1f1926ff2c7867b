import { PhiError } from "@phi/shared/errors";
import { toRfc3339 } from "@phi/shared/time";
import type { Caller } from "../domain/caller.js";
import { samePrincipal } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Dossiers } from "./dossier.js";

/** A request whose window is open. */
export type Open = Extract<Request, { state: "active" }>;

/**
 * The window that the caller means to extend: their own, and open now. The id of an extension means the window that it extends.
 *
 * @throws PhiError `not_found`, also for what is not the caller's to see; `not_permitted`, `wrong_state`, `window_over`
 */
export type OpenWindow = (caller: Caller, typed: string) => Promise<Open>;

export function createOpenWindow({
  ledger,
  dossiers,
  clock,
}: {
  readonly ledger: Pick<Ledger, "request">;
  readonly dossiers: Dossiers;
  readonly clock: Clock;
}): OpenWindow {
  return async (caller, typed) => {
    const { request: named } = await dossiers.openRequest(caller, typed);
    if (!samePrincipal(named.requester, caller.principal)) {
      throw new PhiError(
        "not_permitted",
        `${named.id} is ${named.requester.name}'s; only they ask for more time in it.`,
      );
    }
    const request = named.extends === undefined ? named : ((await ledger.request(named.extends.of)) ?? named);
    if (request.state === "active" && clock.now() < request.expiresAt) return request;
    throw notOpen(request);
  };
}

/** Why a window cannot be made longer, and what can be done instead. */
export function notOpen(request: Request): PhiError {
  const again = { hint: `Ask anew: phi request ${request.resource} --role ${request.role}` };
  switch (request.state) {
    case "pending":
      return new PhiError("wrong_state", `${request.id} has no answer yet, so there is no window to make longer.`, {
        hint: `Wait for it: phi show --wait ${request.id}   or take it back: phi withdraw ${request.id}`,
      });
    case "approved":
      return new PhiError("wrong_state", `The window of ${request.id} has not begun; it begins with the first use.`, {
        hint: `Begin: phi exec --request ${request.id} -- COMMAND`,
      });
    case "active":
      return new PhiError(
        "window_over",
        `The window of ${request.id} ended at ${toRfc3339(request.expiresAt)}.`,
        again,
      );
    case "ended":
      return new PhiError(
        "window_over",
        `The window of ${request.id} is over, and what is over is not made longer.`,
        again,
      );
    case "denied":
    case "withdrawn":
    case "lapsed":
    case "extended":
      return new PhiError(
        "wrong_state",
        `${request.id} is ${request.state}; there is no window to make longer.`,
        again,
      );
  }
}
