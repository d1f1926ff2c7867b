import type { AuditEvent, AuditKind } from "@phi/shared/contract/audit-event";

/** What came of handing over some events in order. */
export interface Handover {
  /** So many of them, from the first on, are the destination's now. */
  readonly accepted: number;
  /** Why the next one is not. Absent when all were accepted. */
  readonly failure?: HandoverFailure | undefined;
}

export interface HandoverFailure {
  /** `unavailable`: the same may work later. `refused`: the destination answered that it will not take this event. */
  readonly class: "unavailable" | "refused";
  /** One printable line without secrets. */
  readonly message: string;
  /** The destination asked to be left alone so long, in ms. */
  readonly after?: number | undefined;
}

/** Where audit events go: a file, a log server, a webhook, a channel that tells people. */
export interface Destination {
  readonly name: string;
  readonly kind: string;
  /** Kinds of event that it has no use for are passed by. Absent: it takes all. */
  readonly wants?: ((kind: AuditKind) => boolean) | undefined;
  /**
   * Hands over in order. An event may come again after a crash; `seq` and `event` tell. Never rejects for what the destination does;
   * ends soon after `signal`.
   */
  deliver(events: readonly AuditEvent[], signal: AbortSignal): Promise<Handover>;
  /** Whatever it holds open is opened anew with the next event: files that were moved away. */
  reopen?(): void;
  close(): Promise<void>;
}
