import type { ExportFormat } from "@phi/shared/contract/audit-event";
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

/** A part of the log that is written out as lines. */
export interface ExportOrder {
  readonly filter: AuditFilter;
  readonly format: ExportFormat;
  /** Only events after this `seq`. */
  readonly after: number;
  /** Up to this `seq`, inclusive; absent: what is there at the beginning. */
  readonly to?: number | undefined;
}

/** Whole lines as UTF-8, and the number of the log up to which they reach. */
export interface ExportPiece {
  readonly bytes: Uint8Array;
  readonly upTo: number;
}

/** Events as lines, piece by piece, in the order of the log; pieces are some thousand lines at most. */
export type AuditExports = (order: ExportOrder) => AsyncGenerator<ExportPiece, void, void>;
