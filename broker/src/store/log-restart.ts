import { checkpointText } from "@phi/shared/audit/checkpoint";
import { EMPTY_FRONTIER, extend, type Frontier, packSubtrees, rootOf, type Subtree } from "@phi/shared/audit/frontier";
import { leafOf } from "@phi/shared/audit/leaf";
import { type Hash, sameHash } from "@phi/shared/audit/merkle-hash";
import { PhiError } from "@phi/shared/errors";
import type { Instant } from "@phi/shared/time";
import type { LogSigner } from "../ports/log-signer.js";
import { eventFromRow, seal } from "./event-rows.js";
import { sealEvent } from "./event-statements.js";
import { LEVELS_PER_TIER, MOST_EVENTS } from "./log-plan.js";
import { auditEvents } from "./schema/audit-events.js";
import { logCheckpoints, logHead, logNodes } from "./schema/signed-log.js";
import { rowTo, select } from "./select.js";
import { insertIf, sql, updateIf } from "./sql.js";
import type { Statement } from "./statement.js";
import type { Store } from "./store.js";

/** The tree over the audit log as it stands, whatever was signed before. */
export interface BuiltLog {
  readonly frontier: Frontier;
  /** Subtrees that are kept for proofs. */
  readonly nodes: readonly Subtree[];
}

/**
 * Builds the tree over all events from what their rows hold now; a leaf that says otherwise is replaced. In parts, so that timers do not wait.
 *
 * @throws PhiError `wrong_state` when an event is missing: a log has no gaps
 */
export async function rebuildLog(store: Store): Promise<BuiltLog> {
  const nodes: Subtree[] = [];
  let frontier = EMPTY_FRONTIER;
  for (;;) {
    const part = sql`where ${auditEvents.seq} > ${frontier.size} order by ${auditEvents.seq} limit ${MOST_EVENTS}`;
    const events = (await store.rows(select(auditEvents, part))).map((row) => rowTo(auditEvents, row));
    if (events.length === 0) return { frontier, nodes };
    const changes: Statement[] = [];
    const leaves: Hash[] = [];
    for (const row of events) {
      const number = frontier.size + leaves.length + 1;
      if (row.seq !== number) {
        throw new PhiError("wrong_state", `Event ${number} is missing from the ledger, and a log has no gaps.`, {
          hint: "Put a backup of the ledger in its place.",
        });
      }
      const which = sql`${auditEvents.seq} = ${row.seq}`;
      const made = row.leaf === null ? seal(row) : undefined;
      const leaf = made?.leaf ?? Buffer.from(leafOf(eventFromRow({ ...row, texts: null, salts: null })));
      if (made !== undefined) changes.push(sealEvent(made, which));
      else if (row.leaf === null || !sameHash(row.leaf, leaf)) changes.push(updateIf(auditEvents, { leaf }, which));
      leaves.push(leaf);
    }
    if (changes.length > 0) await store.batch(changes);
    frontier = extend(frontier, leaves, (one) => one.level % LEVELS_PER_TIER === 0 && nodes.push(one));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What makes the built tree the ledger's log from now on. */
export function restartStatements(
  signer: LogSigner,
  { frontier, nodes }: BuiltLog,
  at: Instant,
): { statements: Statement[]; signed: { key: string; checkpoint: string } } {
  const { origin, key } = signer;
  const { size } = frontier;
  const root = Buffer.from(rootOf(frontier));
  const checkpoint = { origin, size, root };
  const signatures = signer.sign(checkpoint, key, false)?.signatures ?? "";
  return {
    statements: [
      sql`delete from ${logHead}`,
      insertIf(logHead, { id: 1, origin, key, size, root, subtrees: Buffer.from(packSubtrees(frontier)) }, sql`1`),
      sql`delete from ${logCheckpoints} where ${logCheckpoints.size} >= ${size}`,
      insertIf(logCheckpoints, { size, at, origin, root, signatures }, sql`1`),
      sql`delete from ${logNodes}`,
      ...nodes.map(({ level, index, hash }) =>
        insertIf(logNodes, { tier: level / LEVELS_PER_TIER, index, hash: Buffer.from(hash) }, sql`1`),
      ),
    ],
    signed: { key, checkpoint: `${checkpointText(checkpoint)}\n${signatures}` },
  };
}
