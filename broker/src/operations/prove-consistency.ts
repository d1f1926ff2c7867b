import { encodeHash } from "@phi/shared/audit/merkle-hash";
import type { ConsistencyQuery, ConsistencyReply } from "@phi/shared/contract/log";
import { PhiError } from "@phi/shared/errors";
import type { AuditTree } from "../ports/audit-tree.js";

/** That the log grew from one size to another and nothing before was touched. Hashes only: anybody who is signed in may have it. */
export function createProveConsistency({ tree }: { readonly tree: AuditTree }) {
  return async function proveConsistency({ from, to }: ConsistencyQuery): Promise<ConsistencyReply> {
    const size = (await tree.head())?.size ?? 0;
    if (from > to || to > size) {
      throw new PhiError("wrong_state", `The log has ${size} events, so nothing can be proven from ${from} to ${to}.`);
    }
    return { proof: (await tree.consistency(from, to)).map(encodeHash) };
  };
}
