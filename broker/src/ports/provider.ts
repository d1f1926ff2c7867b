import type { LeaseId } from "@phi/shared/ids";
import type { Secret } from "@phi/shared/secret";
import type { Instant } from "@phi/shared/time";
import type * as z from "zod";

/** What a provider is asked to create: one credential for one lease. */
export interface Order<Config, Role> {
  readonly config: Config;
  readonly role: Role;
  readonly leaseId: string;
  readonly requestId: string;
  /** Who it is for, already printable; for comments on the target. */
  readonly principal: string;
  /** The target creates only while its own clock is before this instant; checked and created in one server-side step. */
  readonly createBy: Instant;
  /** End of the window: also set as the target's native expiry, as the second line of defence. */
  readonly expiresAt: Instant;
}

/** A credential as the child process needs it. Handed over once, never stored. */
export interface Credential {
  /** Environment variables for the child. The whole map is secret. */
  readonly environment: Secret<Readonly<Record<string, string>>>;
}

/** The steps of a proven revocation, in order; `design §3`. */
export type RevokeStep = "deny" | "kill" | "clean" | "drop" | "verify";

/** One answer per handle. */
export type Outcome =
  | {
      /** It cannot be used any more, no session is left, and it is not on the target; also if it never existed. */
      readonly outcome: "revoked";
      /** Live sessions ended on the way. */
      readonly sessionsEnded: number;
      /** The drop ran after the handle's `createBy` by the target's own clock: no late create can bring it back. */
      readonly droppedAfterCreateBy: boolean;
    }
  | {
      readonly outcome: "failed";
      readonly step: RevokeStep | "connect";
      /** `connection`: the target does not answer; `permission`: phi's own rights there; `busy`: try again at once; `other`. */
      readonly class: "connection" | "permission" | "busy" | "other";
      /** One printable line without secrets. */
      readonly message: string;
      /** Nobody can log in with it and no session is left, though it still exists. */
      readonly fenced: boolean;
    };

/** One answer per handle that has a new end. */
export type EndOutcome =
  /** It can be used until then, and no longer. */
  | { readonly outcome: "moved" }
  /** It is not on the target, or is being revoked there. Nothing was touched. */
  | { readonly outcome: "gone" }
  | {
      readonly outcome: "failed";
      readonly class: "connection" | "permission" | "busy" | "other";
      /** One printable line without secrets. */
      readonly message: string;
    };

/** One of this broker's principals on a target. */
export interface Found<Handle> {
  readonly handle: Handle;
  /** The lease that its note names, where the target keeps notes: a broker had it on record before it made this. */
  readonly leaseId?: LeaseId | undefined;
}

/**
 * A mark that a broker leaves on a target and reads again: the newest audit event it had when it last looked. A ledger without
 * that event is older than what the target has seen.
 */
export interface Anchor<Config> {
  read(config: Config, brokerTag: string, signal: AbortSignal): Promise<string | undefined>;
  /** At most 100 letters, digits and `_`. */
  write(config: Config, brokerTag: string, mark: string, signal: AbortSignal): Promise<void>;
}

export interface Finding {
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly hint?: string;
}

/** What was last done with a credential, as the target itself sees it. */
export type Activity =
  /** No session is open. What was done in sessions that are closed leaves no trace. */
  | { readonly seen: "nothing" }
  /** Since this many ms nothing was done in any open session; 0 while something runs. By the target's clock alone. */
  | { readonly seen: "session"; readonly idleFor: number }
  /** The target does not say. Never taken for idleness. */
  | { readonly seen: "unknown" };

/** What has to be undone: the handle, and the instant after which no create can succeed. */
export interface Revocation<Handle> {
  readonly handle: Handle;
  readonly createBy: Instant;
}

/**
 * The adapter for one kind of resource; `design §4`. Each passes the contract suite against the real server.
 *
 * All methods reject with a `PhiError` (`target_unavailable`, `target_refused`) whose message holds no secret.
 */
export interface Provider<Config = unknown, Role = unknown, Handle = unknown> {
  readonly kind: string;
  readonly revocation: "immediate" | "on_expiry";
  readonly schema: {
    readonly config: z.ZodType<Config>;
    readonly role: z.ZodType<Role>;
    readonly handle: z.ZodType<Handle>;
  };
  /** Pure: names what will be created. `brokerTag` tells this broker's credentials from another's on one target. */
  plan(brokerTag: string, leaseId: string): Handle;
  /** The handle in one word, for people. */
  describe(handle: Handle): string;
  issue(order: Order<Config, Role>, handle: Handle, signal: AbortSignal): Promise<Credential>;
  /** One answer per revocation, in order. Resolves even when all of them failed. */
  revoke(config: Config, revocations: readonly Revocation<Handle>[], signal: AbortSignal): Promise<Outcome[]>;
  /**
   * The native expiry of live credentials moves to a later end; never to an earlier one, and what is being revoked stays as it is, so that
   * an answer that comes late does no harm. One answer per handle, in order. Resolves even when all of them failed.
   */
  moveEnd(
    config: Config,
    ends: readonly { readonly handle: Handle; readonly expiresAt: Instant }[],
    signal: AbortSignal,
  ): Promise<EndOutcome[]>;
  /** What of this broker's is on the target now. */
  list(config: Config, brokerTag: string, signal: AbortSignal): AsyncIterable<Found<Handle>>;
  /** Absent where the target has no place for a mark; then an old ledger is recognised only by what it does not know. */
  readonly anchor?: Anchor<Config> | undefined;
  /** The target's own clock; absent where it has none that can be asked. */
  clock?(config: Config, signal: AbortSignal): Promise<Instant>;
  /** What was last done with each of these credentials, in order; absent where the target cannot tell. Changes nothing. */
  activity?(config: Config, handles: readonly Handle[], signal: AbortSignal): Promise<Activity[]>;
  /** Rights and settings that would break issue or revoke; with `wanted.activity` also what would hide {@link Provider.activity}. */
  check(
    config: Config,
    roles: readonly Role[],
    signal: AbortSignal,
    wanted?: { readonly activity: boolean },
  ): Promise<Finding[]>;
  /** Ends pooled connections. */
  close(): Promise<void>;
}
