import type { Checkpoint } from "@phi/shared/audit/checkpoint";
import type { Frontier } from "@phi/shared/audit/frontier";

/** How far the ledger says that its log was built and signed. */
export interface StoredHead extends Checkpoint {
  /** The key of its newest checkpoint, as people pass it on. */
  readonly key: string;
  readonly frontier: Frontier;
}

/** A checkpoint's signature lines, and the key that counts from it on. */
export interface Signed {
  readonly signatures: string;
  readonly key: string;
}

/**
 * Who signs the log's checkpoints, and remembers outside the ledger what was signed last, so that a ledger that was changed or put back
 * is not signed on (C2SP tlog-checkpoint: a log must not sign a checkpoint that is inconsistent with one it signed before).
 */
export interface LogSigner {
  /** The log's name in this epoch. */
  readonly origin: string;
  /** The key for checkpoints, as people pass it on. */
  readonly key: string;
  /** The tree whose checkpoint was signed and committed last, as far as is known here. */
  readonly trusted: Frontier;
  /**
   * Signs a checkpoint that extends {@link trusted}, which the caller has made sure of; `undefined` when the key of the head before is not here.
   * With `rotates` the new key signs too, and counts from then on.
   */
  sign(checkpoint: Checkpoint, before: string, rotates: boolean): Signed | undefined;
  /** The ledger has this now. It is on disk soon after. */
  remember(frontier: Frontier, signed: { readonly key: string; readonly checkpoint: string }): void;
}

/** Why nothing is signed: the ledger's log does not extend what was signed before, or the key for it is not here. */
export interface LogConflict {
  readonly because: string;
}

/** Where the log's key is kept and the last head is remembered. */
export interface SigningDesk {
  /** The signer for a log as the ledger has it, or why there can be none; `newest` is the ledger's newest signed checkpoint. A key is made for a new log only. */
  open(brokerTag: string, stored: StoredHead | undefined, newest: string | undefined): LogSigner | LogConflict;
  /** A signer for the log begun anew where the ledger stands, in an epoch of its own. A key is made if there is none. */
  restart(brokerTag: string, stored: StoredHead | undefined, frontier: Frontier): LogSigner;
  /** Makes the key that the next rotation brings to the log of this name, and gives it as people pass it on. */
  prepareRotation(origin: string): string;
  /** What is remembered is on disk when this resolves. */
  flush(): Promise<void>;
}
