import type { Hash } from "@phi/shared/audit/merkle-hash";
import type { EventId } from "@phi/shared/ids";
import type { StoredHead } from "./log-signer.js";

/** The tree over the audit log, as proofs need it. */
export interface AuditTree {
  /** The newest signed checkpoint that this broker knows to be in the ledger; absent before the first. */
  checkpoint(): string | undefined;
  /** Why no more is signed; absent when all is well. */
  conflict(): string | undefined;
  /** The log's key, as people pass it on. */
  key(): string | undefined;
  /** The head as the ledger has it now, also when another broker moved it. */
  head(): Promise<StoredHead | undefined>;
  /** The newest signed checkpoint in the ledger. */
  newestCheckpoint(): Promise<string | undefined>;
  /** The first signed checkpoint that holds the event with this number. */
  checkpointHolding(seq: number): Promise<string | undefined>;
  /** The number of an event. */
  numberOf(event: EventId): Promise<number | undefined>;
  /** That the event number `index` (from 0) is in the tree of `size` events. */
  inclusion(index: number, size: number): Promise<Hash[]>;
  /** That the tree of `older` events begins the one of `size`. */
  consistency(older: number, size: number): Promise<Hash[]>;
  /** Builds what is there into the tree and signs it; resolves when nothing is left to do, or there is a conflict. */
  catchUp(): Promise<void>;
  /** Begins the log anew where the ledger stands. */
  restart(): Promise<{ readonly origin: string; readonly key: string; readonly size: number }>;
  /** Makes the key that the next event `log.key_rotated` brings. */
  prepareRotation(): { readonly from: string; readonly to: string };
}
