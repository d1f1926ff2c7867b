import type { RequestId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import type { Principal } from "../domain/principal.js";

/** Which events are meant, joined by "and". */
export interface AuditFilter {
  readonly since?: Instant | undefined;
  /** Exclusive. */
  readonly until?: Instant | undefined;
  /** Name or subject of the actor. */
  readonly actor?: string | undefined;
  readonly resource?: string | undefined;
  readonly request?: RequestId | undefined;
  /** Any of these. */
  readonly kinds?: readonly string[] | undefined;
  /** Part of a text in the event's data, letters A to Z in any case. */
  readonly text?: string | undefined;
  /** Only what concerns this principal: their own acts, and everything about their own requests. */
  readonly visibleTo?: Principal | undefined;
}

/** A bounded number of events, by their place in the log. */
export interface AuditReading extends AuditFilter {
  readonly order?: "oldest" | "newest";
  /** Only events after this `seq`. */
  readonly after?: number | undefined;
  /** Only events before this `seq`. */
  readonly before?: number | undefined;
  readonly limit: number;
}
