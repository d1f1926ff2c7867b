import { PhiError } from "@phi/shared/errors";
import { parseId, parseIdPrefix, type RequestId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { Caller } from "../domain/caller.js";
import type { StandIn } from "../domain/delegation.js";
import { type Calendars, NO_CALENDARS, namedOnCall, type OnCallWord } from "../domain/on-call.js";
import { everyApprover } from "../domain/policy/rule.js";
import { calendarNamed } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import { type Rights, rightsOn } from "../domain/rights.js";
import type { Clock } from "../ports/clock.js";
import type { Delegations } from "../ports/delegations.js";
import type { Ledger, RequestDossier } from "../ports/ledger.js";

/** A request with all that belongs to it and what the caller may do with it. */
export interface Dossier extends RequestDossier {
  readonly rights: Rights;
  /** In whose place the caller may answer. */
  readonly standIns: readonly StandIn[];
  /** Whom the calendars that its approvers name say is on call now, where it waits for an answer. */
  readonly onCall: readonly { readonly calendar: string; readonly who: readonly OnCallWord[] }[];
}

export interface Dossiers {
  /**
   * Loads, then authorises. `typed` is an id or the unique beginning of one.
   *
   * @throws PhiError `not_found`, also for what is not the caller's to see: the two cannot be told apart.
   */
  open(caller: Caller, typed: string): Promise<Dossier>;
  /** As {@link Dossiers.open}, for the request alone: it may have thousands of leases behind it. */
  openRequest(caller: Caller, typed: string): Promise<Pick<Dossier, "request" | "rights">>;
  /** As {@link Dossiers.open}, for requests loaded before; those not to be seen are left out. */
  gather(caller: Caller, requests: readonly Request[]): Promise<Dossier[]>;
}

export function createDossiers({
  ledger,
  delegations,
  clock,
  calendars = () => NO_CALENDARS,
}: {
  readonly ledger: Ledger;
  readonly delegations: Pick<Delegations, "standIns">;
  readonly clock: Clock;
  readonly calendars?: () => Calendars;
}): Dossiers {
  function visible<Loaded extends Pick<RequestDossier, "request"> & Partial<RequestDossier>>(
    caller: Caller,
    all: readonly Loaded[],
    standIns: readonly StandIn[] = [],
  ) {
    const now = clock.now();
    return all
      .map((loaded) => ({
        ...loaded,
        standIns,
        onCall: onCallOf(loaded.request, calendars(), now),
        rights: rightsOn(loaded.request, caller, now, loaded.approvals, standIns),
      }))
      .filter(({ rights }) => rights.see);
  }

  const standInsOf = ({ principal }: Caller) => delegations.standIns(principal, clock.now());

  return {
    async gather(caller, requests) {
      const ids = requests.map(({ id }) => id);
      return visible(caller, await ledger.dossiers(ids), await standInsOf(caller));
    },
    async open(caller, typed) {
      const { id, beginning } = read(typed);
      const ids = id === undefined ? (await ledger.requestsByPrefix(beginning)).map((request) => request.id) : [id];
      return only(typed, visible(caller, await ledger.dossiers(ids), await standInsOf(caller)));
    },
    async openRequest(caller, typed) {
      const { id, beginning } = read(typed);
      const one = id && (await ledger.request(id));
      const requests = id === undefined ? await ledger.requestsByPrefix(beginning) : one === undefined ? [] : [one];
      return only(
        typed,
        visible(
          caller,
          requests.map((request) => ({ request })),
        ),
      );
    },
  };
}

function onCallOf(request: Request, calendars: Calendars, now: Instant): Dossier["onCall"] {
  if (request.state !== "pending") return [];
  return everyApprover(request.stages).flatMap((selector) => {
    const calendar = calendarNamed(selector);
    return calendar === undefined ? [] : [{ calendar, who: namedOnCall(calendars, calendar, now) }];
  });
}

/** What was typed, as an id if it is a whole one. */
function read(typed: string): { readonly id: RequestId | undefined; readonly beginning: string } {
  const beginning = parseIdPrefix("request", typed);
  if (beginning === undefined) {
    throw new PhiError("invalid_input", `"${typed}" is not the id of a request; ids look like req_7k3m9q2x4v8a.`, {
      hint: "phi requests lists yours.",
    });
  }
  return { id: parseId("request", typed), beginning };
}

function only<Found>(typed: string, [found, another]: readonly Found[]): Found {
  if (another !== undefined) {
    throw new PhiError("invalid_input", `Several requests begin with ${typed}.`, { hint: "Type more of the id." });
  }
  if (found === undefined) {
    throw new PhiError("not_found", `There is no request ${typed} that you may see.`, {
      hint: "phi requests lists yours.",
    });
  }
  return found;
}
