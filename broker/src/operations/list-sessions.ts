import type { SessionQuery } from "@phi/shared/contract/session";
import type { RequestId, SessionId } from "@phi/shared/ids";
import type { Caller } from "../domain/caller.js";
import type { Recordings, SessionRecord } from "../ports/recordings.js";

/** Newest first; `next` is where the following page begins. */
export interface SessionPage {
  readonly sessions: readonly SessionRecord[];
  readonly next: SessionId | undefined;
}

/** One's own, those of requests one may decide; auditors and admins see all. */
export function createListSessions({ recordings }: { readonly recordings: Pick<Recordings, "sessions"> }) {
  return async function listSessions(caller: Caller, query: SessionQuery): Promise<SessionPage> {
    const found = await recordings.sessions({
      since: query.since === undefined ? undefined : Date.parse(query.since),
      until: query.until === undefined ? undefined : Date.parse(query.until),
      actor: query.actor,
      resource: query.resource,
      request: query.request as RequestId | undefined,
      live: query.live === undefined ? undefined : query.live === "true",
      before: query.before as SessionId | undefined,
      visibleTo: caller.mayAudit ? undefined : caller.principal,
      limit: query.limit + 1,
    });
    const sessions = found.slice(0, query.limit);
    return { sessions, next: found.length > query.limit ? sessions.at(-1)?.id : undefined };
  };
}
