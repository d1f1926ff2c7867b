import { hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { parseCheckpoint, verifyCheckpoint } from "@phi/shared/audit/checkpoint";
import { commit } from "@phi/shared/audit/free-text";
import { EMPTY_FRONTIER, extend, type Frontier, rootOf } from "@phi/shared/audit/frontier";
import { leafOf } from "@phi/shared/audit/leaf";
import type { LogKey } from "@phi/shared/audit/log-key";
import { type Hash, sameHash } from "@phi/shared/audit/merkle-hash";
import type { LogFault } from "@phi/shared/audit/verify-events";
import { eventFromRow } from "./event-rows.js";
import { readLeafTexts, readTexts } from "./leaf-sql.js";
import { headFromRow, noteFromRow, readHead } from "./log-plan.js";
import { auditEvents } from "./schema/audit-events.js";
import { logCheckpoints } from "./schema/signed-log.js";
import { rowTo, select } from "./select.js";
import { sql } from "./sql.js";
import type { Row, Statement } from "./statement.js";

/** What the ledger is held to besides itself. */
export interface VerifyAgainst {
  /** The log's key; the newest checkpoint must be signed with it. */
  readonly keys: (origin: string) => readonly LogKey[];
  /** What was signed last, as it is remembered outside the ledger. */
  readonly remembered: { readonly origin: string; readonly frontier: Frontier } | undefined;
}

export interface VerifiedLedger {
  readonly events: number;
  /** Events under the newest checkpoint. */
  readonly signed: number;
  readonly fault: LogFault | undefined;
}

/** A file answers at once, a server later. */
type Rows = (statement: Statement) => readonly Row[] | Promise<readonly Row[]>;

/**
 * Verifies the whole log of a ledger: every event makes its leaf, every text is the one that its event was made with, and every checkpoint is of the
 * events before it. Names the first event that is wrong, or the few that one group wrote among which it is. In parts, with a turn of the event loop between.
 */
export async function verifyLedger(rows: Rows, against: VerifyAgainst): Promise<VerifiedLedger> {
  let frontier: Frontier = EMPTY_FRONTIER;
  /** Up to the last checkpoint that fits. A group can lie in two parts. */
  let fitting = 0;
  const head = headFromRow((await rows(readHead))[0]);
  const found = (fault: LogFault | undefined): VerifiedLedger => ({
    events: frontier.size,
    signed: head?.size ?? 0,
    fault,
  });
  const marks = new Set([against.remembered?.frontier.size ?? -1]);
  let atMark: Frontier | undefined = marks.has(0) ? EMPTY_FRONTIER : undefined;

  for (;;) {
    const part = await readPart(rows, frontier.size);
    if (part === undefined) break;
    if ("seq" in part) return found(part);
    const next = await advance(rows, frontier, fitting, part.leaves);
    if ("seq" in next) return found(next);
    const end = frontier.size + part.leaves.length;
    const mark = against.remembered?.frontier.size ?? -1;
    if (mark > frontier.size && mark <= end) atMark = extend(frontier, part.leaves.slice(0, mark - frontier.size));
    ({ frontier, fitting } = next);
    await setImmediate();
  }

  if (head === undefined)
    return found(frontier.size === 0 ? undefined : { seq: 1, because: "and all after it were never signed" });
  if (head.size > frontier.size)
    return found({ seq: frontier.size + 1, because: `is missing: ${head.size} events were signed` });
  const [row] = await rows(select(logCheckpoints, sql`order by ${logCheckpoints.size} desc limit 1`));
  const newest = row && parseCheckpoint(noteFromRow(row));
  if (newest === undefined || newest.size !== head.size || newest.origin !== head.origin)
    return found({ seq: head.size, because: "is the last that was signed, and its checkpoint is not there" });
  if (!verifyCheckpoint(newest, against.keys(newest.origin)))
    return found({ seq: head.size, because: "is under a checkpoint that is not signed with the log's key" });
  const { remembered } = against;
  if (remembered !== undefined && remembered.origin !== head.origin)
    return found({ seq: 1, because: `is of ${head.origin}, but this broker signed ${remembered.origin} last` });
  if (remembered !== undefined && remembered.frontier.size > frontier.size)
    return found({
      seq: frontier.size + 1,
      because: `is missing: this broker signed ${remembered.frontier.size} events`,
    });
  if (remembered !== undefined && (atMark === undefined || !sameHash(rootOf(atMark), rootOf(remembered.frontier))))
    return found({
      seq: 1,
      because: `or a later one up to ${remembered.frontier.size} is not what this broker signed`,
    });
  if (frontier.size > head.size + UNSIGNED)
    return found({ seq: head.size + 1, because: "and all after it were never signed" });
  return found(undefined);
}

/** Events that may wait for their checkpoint while a broker works. */
const UNSIGNED = 2_000;

/** The leaves of the next part, each made from its event; or the first event that is wrong; `undefined` after the last. */
async function readPart(rows: Rows, after: number): Promise<{ leaves: Hash[] } | LogFault | undefined> {
  const [lines, stored, count, last, valid, typed] = (await rows(readLeafTexts(after)))[0] ?? [];
  if (typeof lines !== "string" || typeof stored !== "string" || typeof count !== "number" || typeof last !== "number")
    return undefined;
  let made = "";
  for (const line of lines.split("\n")) made += hash("sha256", `\u0000${line}`, "hex");
  const isQuick = last === after + count && valid === count && made === stored;
  if (!isQuick || (Number(typed) > 0 && !(await areTextsTrue(rows, after, last)))) {
    const fault = await firstWrongEvent(rows, after, last, isQuick);
    if (fault !== undefined) return fault;
  }
  const bytes = Buffer.from(stored, "hex");
  return { leaves: Array.from({ length: count }, (_, index) => bytes.subarray(32 * index, 32 * index + 32)) };
}

/** Whether every text is the one that its event was made with. `false` also for what only a look at each row can tell. */
async function areTextsTrue(rows: Rows, after: number, last: number): Promise<boolean> {
  const [lines, said] = (await rows(readTexts(after, last)))[0] ?? [];
  if (typeof lines !== "string" || typeof said !== "string") return false;
  let made = "";
  for (const line of lines.split("\n")) made += hash("sha256", line, "hex");
  return made === said;
}

/** Row by row. `textsOnly`: the leaves are right already. */
async function firstWrongEvent(
  rows: Rows,
  after: number,
  last: number,
  textsOnly: boolean,
): Promise<LogFault | undefined> {
  const which = textsOnly ? sql`and ${auditEvents.texts} is not null` : sql``;
  const part = sql`where ${auditEvents.seq} > ${after} and ${auditEvents.seq} <= ${last} ${which} order by ${auditEvents.seq}`;
  let expected = after;
  for (const row of await rows(select(auditEvents, part))) {
    expected += 1;
    const seq = Number(row[0]);
    if (!textsOnly && seq !== expected) return { seq: expected, because: "is missing" };
    try {
      const stored = rowTo(auditEvents, row);
      if (stored.leaf === null) return { seq, because: "and all after it were never signed" };
      const leaf = leafOf(eventFromRow({ ...stored, texts: null, salts: null }));
      if (!sameHash(leaf, stored.leaf)) return { seq, because: "is not what was recorded: it does not make its leaf" };
      for (const [field, text] of Object.entries(stored.texts ?? {})) {
        const said = stored.data[field] as { sha256?: unknown } | undefined;
        if (said?.sha256 !== commit(text, String(stored.salts?.[field])).sha256)
          return { seq, because: `holds another text in "${field}" than was recorded` };
      }
    } catch {
      return { seq, because: "cannot be read" };
    }
  }
  return undefined;
}

/** Adds a part, held to the last checkpoint in it; if that is not of these events, to each, so that the first wrong one is found. `fitting` as above. */
async function advance(
  rows: Rows,
  before: Frontier,
  fitting: number,
  leaves: readonly Hash[],
): Promise<{ frontier: Frontier; fitting: number } | LogFault> {
  const range = sql`where ${logCheckpoints.size} > ${before.size} and ${logCheckpoints.size} <= ${before.size + leaves.length}`;
  const [last] = await rows(select(logCheckpoints, sql`${range} order by ${logCheckpoints.size} desc limit 1`));
  if (last === undefined) return { frontier: extend(before, leaves), fitting };
  const { size, root } = rowTo(logCheckpoints, last);
  const then = extend(before, leaves.slice(0, size - before.size));
  if (sameHash(rootOf(then), root)) return { frontier: extend(then, leaves.slice(size - before.size)), fitting: size };
  let good = before;
  let from = fitting;
  for (const row of await rows(select(logCheckpoints, sql`${range} order by ${logCheckpoints.size}`))) {
    const checkpoint = rowTo(logCheckpoints, row);
    const next = extend(good, leaves.slice(good.size - before.size, checkpoint.size - before.size));
    if (!sameHash(rootOf(next), checkpoint.root)) {
      const isOne = checkpoint.size === from + 1;
      return {
        seq: from + 1,
        because: isOne ? "is not what was signed" : `or a later one up to ${checkpoint.size} is not what was signed`,
      };
    }
    good = next;
    from = checkpoint.size;
  }
  return { seq: fitting + 1, because: `or a later one up to ${size} is not what was signed` };
}
