import type { RequestId } from "@phi/shared/ids";

/** Who waits for a request is told that it changed; what it changed to is read from the ledger. */
export interface Changes {
  publish(request: RequestId): void;
  /** Calls `listener` after each change until the returned function is called. */
  subscribe(request: RequestId, listener: () => void): () => void;
}
