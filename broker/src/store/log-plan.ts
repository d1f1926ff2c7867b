import { checkpointText } from "@phi/shared/audit/checkpoint";
import {
  EMPTY_FRONTIER,
  extend,
  type Frontier,
  packSubtrees,
  rootOf,
  type Subtree,
  unpackFrontier,
} from "@phi/shared/audit/frontier";
import { type Hash, sameHash } from "@phi/shared/audit/merkle-hash";
import type { Instant } from "@phi/shared/time";
import type { LogConflict, LogSigner, StoredHead } from "../ports/log-signer.js";
import { type Sealed, seal } from "./event-rows.js";
import { sealEvent } from "./event-statements.js";
import { auditEvents } from "./schema/audit-events.js";
import { logCheckpoints, logHead, logNodes } from "./schema/signed-log.js";
import { rowTo, select } from "./select.js";
import { insertIf, sql } from "./sql.js";
import type { Row, Statement } from "./statement.js";

/** Events that are built into the tree at a time: about 20 ms. */
export const MOST_EVENTS = 2_000;
/** A node is kept for every 2^8, 2^16, … leaves. */
export const LEVELS_PER_TIER = 8;

/** How the next part of the log is read: the head, the event number `size` with those after it, and the whole of those that have no leaf yet. */
export const readHead = select(logHead, { sql: "where id = 1", args: [] });
/** Another number than before once another connection has changed the file (https://sqlite.org/pragma.html#pragma_data_version). */
export const readVersion = sql`PRAGMA data_version`;
export const readNew = (size: number): Statement => sql`
  select json_group_array(json_array(seq, kind, iif(typeof(leaf) = 'blob', hex(leaf), null))) from (
    select ${auditEvents.seq}, ${auditEvents.kind}, ${auditEvents.leaf} from ${auditEvents} where ${auditEvents.seq} >= ${size} order by ${auditEvents.seq} limit ${MOST_EVENTS + 1})`;
export const readBare = (size: number): Statement =>
  select(
    auditEvents,
    sql`where ${auditEvents.seq} > ${size} and ${auditEvents.seq} <= ${size + MOST_EVENTS + 1} and ${auditEvents.leaf} is null order by ${auditEvents.seq}`,
  );

/** An event as the tree needs it: its number, its kind, its leaf if it has one. */
export type NewEvent = readonly [seq: number, kind: string, leaf: Hash | undefined];

/** What {@link readNew} found: one value, because a value from the database costs more than an event in it. */
export function newEventsFrom([row]: readonly Row[]): NewEvent[] {
  const found = JSON.parse(String(row?.[0] ?? "[]")) as [number, string, string | null][];
  return found.map(([seq, kind, hex]) => [seq, kind, hex === null ? undefined : Buffer.from(hex, "hex")]);
}

/** The head as a row has it. Subtrees that cannot be its own count as none: whoever takes the head on trust compares them with its root. */
export function headFromRow(row: Row | undefined): StoredHead | undefined {
  if (row === undefined) return undefined;
  const { origin, key, size, root, subtrees } = rowTo(logHead, row);
  return { origin, key, size, root, frontier: unpackFrontier(size, subtrees) ?? EMPTY_FRONTIER };
}

/** A stored checkpoint as the signed note that it was. */
export function noteFromRow(row: Row): string {
  const { signatures, ...checkpoint } = rowTo(logCheckpoints, row);
  return `${checkpointText(checkpoint)}\n${signatures}`;
}

/** What was read of the log. */
export interface LogPart {
  readonly head: StoredHead | undefined;
  /** From the last event that is trusted. */
  readonly events: readonly NewEvent[];
  /** As {@link readBare} gives them. */
  readonly bare: readonly Row[];
}

/** What is to be written, and what is true once it is. */
export interface LogStep {
  /** The first moves the head by compare-and-set; each other one does something only if it did. Empty: there is nothing new. */
  readonly statements: readonly Statement[];
  readonly frontier: Frontier;
  /** What the head says then, where that is new. */
  readonly head: StoredHead | undefined;
  readonly signed: { readonly key: string; readonly checkpoint: string } | undefined;
  /** The last leaf of the frontier. */
  readonly last: Hash | undefined;
}

/** A tree that is trusted, and its last leaf where that is known: who cuts events off the end and writes others in their place is noticed at once. */
export interface Trusted {
  readonly frontier: Frontier;
  readonly last: Hash | undefined;
}

/**
 * Builds the next events into the tree and signs its new head: first over what the ledger says is signed already, which must come out as the
 * ledger says, then over what is new. Where that is more than one part, the step's frontier is not checked yet, and is where the next one begins.
 *
 * @param trusted the tree that the part's events follow on
 */
export function planLogStep(
  signer: LogSigner,
  { frontier: trusted, last: lastTrusted }: Trusted,
  { head, events: [...events], bare }: LogPart,
  at: Instant,
): LogStep | LogConflict {
  const { origin } = signer;
  const known = (head?.size ?? 0) - trusted.size;
  if (head !== undefined && head.origin !== origin) return conflict(`the log's name is now ${head.origin}`);
  if (known < 0)
    return conflict(
      `the ledger's log ends at event ${head?.size ?? 0}, but ${trusted.size} events of it were signed here`,
    );

  let last = lastTrusted;
  if (trusted.size > 0) {
    const [seq, , leaf] = events.shift() ?? [];
    if (seq !== trusted.size) return conflict(`event ${trusted.size} is missing`);
    if (last !== undefined && !(leaf !== undefined && sameHash(leaf, last)))
      return conflict(`event ${trusted.size} is not the one that was signed`);
  }
  const seals = new Map(bare.map((row) => rowTo(auditEvents, row)).map((row) => [row.seq, seal(row)]));
  const leaves: Hash[] = [];
  let rotates = false;
  for (const [seq, kind, leaf] of events) {
    const expected = trusted.size + leaves.length + 1;
    if (seq !== expected) return conflict(`event ${expected} is missing`);
    const made = leaf ?? seals.get(seq)?.leaf;
    if (made === undefined) return conflict(`event ${expected} has no leaf`);
    leaves.push(made);
    last = made;
    rotates ||= kind === "log.key_rotated" && leaves.length > known;
  }
  if (leaves.length < known && leaves.length < MOST_EVENTS)
    return conflict(`event ${trusted.size + leaves.length + 1} is missing`);

  const signedBefore = extend(trusted, leaves.slice(0, known));
  if (leaves.length < known)
    return { statements: [], frontier: signedBefore, head: undefined, signed: undefined, last };
  if (head !== undefined && !sameHash(rootOf(signedBefore), head.root))
    return conflict(`the first ${head.size} events are not those that were signed`);
  const fresh = leaves.slice(known);
  if (fresh.length === 0) return { statements: [], frontier: signedBefore, head: undefined, signed: undefined, last };

  const nodes: Subtree[] = [];
  const frontier = extend(signedBefore, fresh, (one) => one.level % LEVELS_PER_TIER === 0 && nodes.push(one));
  const checkpoint = { origin, size: frontier.size, root: rootOf(frontier) };
  const signed = signer.sign(checkpoint, head?.key ?? signer.key, rotates);
  if (signed === undefined) return conflict(`the log is signed with the key ${head?.key ?? ""}, which is not here`);
  const { key, signatures } = signed;

  const root = Buffer.from(checkpoint.root);
  const next = { origin, key, size: frontier.size, root, subtrees: Buffer.from(packSubtrees(frontier)) };
  const moved = sql`exists (select 1 from ${logHead} where ${logHead.size} = ${next.size} and ${logHead.root} = ${root})`;
  const statements = [
    head === undefined
      ? insertIf(logHead, { id: 1, ...next }, sql`not exists (select 1 from ${logHead})`)
      : sql`update ${logHead} set key = ${key}, size = ${next.size}, root = ${root}, subtrees = ${next.subtrees} where ${logHead.size} = ${head.size} and ${logHead.root} = ${head.root} and ${logHead.origin} = ${origin}`,
    // Another broker may have come to the very same head first: then it is all there.
    sql`${insertIf(logCheckpoints, { size: next.size, at, origin, root, signatures }, moved)} on conflict do nothing`,
    ...nodes.map(
      ({ level, index, hash }) =>
        sql`${insertIf(logNodes, { tier: level / LEVELS_PER_TIER, index, hash: Buffer.from(hash) }, moved)} on conflict do nothing`,
    ),
    ...[...seals].map(([seq, made]) => storeSeal(seq, made, moved)),
  ];
  return {
    statements,
    frontier,
    head: { ...checkpoint, key, frontier },
    last,
    signed: { key, checkpoint: `${checkpointText(checkpoint)}\n${signatures}` },
  };
}

/** Only an event without a leaf: no other writer may have made one with other salts meanwhile. */
function storeSeal(seq: number, made: Sealed, moved: Statement): Statement {
  return sealEvent(made, sql`${auditEvents.seq} = ${seq} and ${auditEvents.leaf} is null and ${moved}`);
}

function conflict(because: string): LogConflict {
  return { because };
}
