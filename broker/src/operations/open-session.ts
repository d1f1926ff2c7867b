import { PhiError } from "@phi/shared/errors";
import { parseId, parseIdPrefix } from "@phi/shared/ids";
import { printable } from "@phi/shared/text";
import type { Caller } from "../domain/caller.js";
import type { Request } from "../domain/request.js";
import { rightsOn } from "../domain/rights.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { Recordings, SessionRecord } from "../ports/recordings.js";

export interface OpenedSession {
  readonly session: SessionRecord;
  readonly request: Request;
}

/**
 * Loads a session, then authorises: who may see its request may see it. `typed` is an id or the unique beginning of one.
 * Rejects with `not_found` also for what is not the caller's to see: the two cannot be told apart.
 */
export type OpenSession = (caller: Caller, typed: string) => Promise<OpenedSession>;

interface Needs {
  readonly ledger: Pick<Ledger, "request">;
  readonly recordings: Pick<Recordings, "session" | "sessionsByPrefix">;
  readonly clock: Clock;
}

export function createOpenSession({ ledger, recordings, clock }: Needs): OpenSession {
  return async (caller, typed) => {
    const seen: OpenedSession[] = [];
    for (const session of await find(typed)) {
      const request = await ledger.request(session.requestId);
      if (request !== undefined && rightsOn(request, caller, clock.now()).see) seen.push({ session, request });
    }
    const [opened, another] = seen;
    if (another !== undefined) {
      throw new PhiError("invalid_input", `Several sessions begin with ${printable(typed, 64)}.`, {
        hint: "Type more of the id.",
      });
    }
    if (opened === undefined) {
      throw new PhiError("not_found", `There is no session ${printable(typed, 64)} that you may see.`, {
        hint: "phi sessions lists those you may.",
      });
    }
    return opened;
  };

  async function find(typed: string): Promise<SessionRecord[]> {
    const id = parseId("session", typed);
    if (id !== undefined) {
      const session = await recordings.session(id);
      return session === undefined ? [] : [session];
    }
    const prefix = parseIdPrefix("session", typed);
    if (prefix === undefined) {
      throw new PhiError(
        "invalid_input",
        `"${printable(typed, 64)}" is not the id of a session; ids look like ses_7k3m9q2x4v8a1b2c.`,
        { hint: "phi sessions lists those you may see." },
      );
    }
    return recordings.sessionsByPrefix(prefix);
  }
}
