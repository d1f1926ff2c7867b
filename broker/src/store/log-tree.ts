import { foldSubtrees } from "@phi/shared/audit/frontier";
import { EMPTY_ROOT, type Hash, nodeHash } from "@phi/shared/audit/merkle-hash";
import { consistencyRanges, inclusionRanges, type Range, subtreesOf } from "@phi/shared/audit/proof-ranges";
import { PhiError } from "@phi/shared/errors";
import { LEVELS_PER_TIER } from "./log-plan.js";
import { auditEvents } from "./schema/audit-events.js";
import { logNodes } from "./schema/signed-log.js";
import { sql } from "./sql.js";
import type { Store } from "./store.js";

const PER_TIER = 2 ** LEVELS_PER_TIER;

/** Proofs from the ledger: each reads at most 256 hashes of each tier, whatever the length of the log. */
export function createLogTree(rows: Store["rows"]) {
  /** Hashes of subtrees of 256^tier leaves: tier 0 are the leaves themselves. */
  async function hashes(tier: number, from: number, to: number): Promise<Hash[]> {
    const found = await rows(
      tier === 0
        ? sql`select ${auditEvents.leaf} from ${auditEvents} where ${auditEvents.seq} > ${from} and ${auditEvents.seq} <= ${to} order by ${auditEvents.seq}`
        : sql`select ${logNodes.hash} from ${logNodes} where ${logNodes.tier} = ${tier} and ${logNodes.index} >= ${from} and ${logNodes.index} < ${to} order by ${logNodes.index}`,
    );
    const list = found.map(([hash]) => hash).filter((hash) => hash instanceof Uint8Array);
    if (list.length !== to - from)
      throw new PhiError("store_unavailable", "The ledger lacks hashes of its log, so nothing can be proven from it.", {
        hint: "phi-broker audit verify",
      });
    return list;
  }

  /** The root of a complete subtree, from the nearest tier below it. */
  async function subtree({ from, to }: Range): Promise<Hash> {
    let [tier, unit] = [0, 1];
    while (to - from >= unit * PER_TIER) [tier, unit] = [tier + 1, unit * PER_TIER];
    let level = await hashes(tier, from / unit, to / unit);
    while (level.length > 1)
      level = Array.from({ length: level.length / 2 }, (_, index) =>
        nodeHash(level[2 * index] ?? EMPTY_ROOT, level[2 * index + 1] ?? EMPTY_ROOT),
      );
    return level[0] ?? EMPTY_ROOT;
  }

  async function rangeHash(range: Range): Promise<Hash> {
    return foldSubtrees(await Promise.all(subtreesOf(range).map(subtree))) ?? EMPTY_ROOT;
  }

  return {
    /** The root of the tree of the first `size` events. */
    root: (size: number): Promise<Hash> => rangeHash({ from: 0, to: size }),
    inclusion: (index: number, size: number): Promise<Hash[]> =>
      Promise.all(inclusionRanges(index, size).map(rangeHash)),
    consistency: (older: number, size: number): Promise<Hash[]> =>
      Promise.all((older === 0 ? [] : consistencyRanges(older, size)).map(rangeHash)),
  };
}
