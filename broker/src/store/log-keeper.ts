import { type Frontier, rootOf } from "@phi/shared/audit/frontier";
import { type Hash, sameHash } from "@phi/shared/audit/merkle-hash";
import { PhiError } from "@phi/shared/errors";
import type { AuditTree } from "../ports/audit-tree.js";
import type { Clock } from "../ports/clock.js";
import type { Log } from "../ports/log.js";
import type { LogConflict, LogSigner, SigningDesk, StoredHead } from "../ports/log-signer.js";
import type { BeforeCommit } from "./commit-in-file.js";
import type { Transaction } from "./connection.js";
import {
  headFromRow,
  type LogStep,
  MOST_EVENTS,
  type NewEvent,
  newEventsFrom,
  noteFromRow,
  planLogStep,
  readBare,
  readHead,
  readNew,
  readVersion,
  type Trusted,
} from "./log-plan.js";
import { rebuildLog, restartStatements } from "./log-restart.js";
import { createLogTree } from "./log-tree.js";
import { auditEvents } from "./schema/audit-events.js";
import { logCheckpoints } from "./schema/signed-log.js";
import { select } from "./select.js";
import type { AfterBatch } from "./server-connection.js";
import { sql } from "./sql.js";
import type { Statement, Value } from "./statement.js";
import type { Store } from "./store.js";

/** On a shared ledger another broker may have died before it signed what it wrote: so often it is looked for, in ms. */
const LOOK_EVERY = 2_000;
/** On a server signing is a transaction of its own, so what is written within so long, in ms, is signed together. */
const SIGN_WITHIN = 500;
const LOOK_AGAIN_AFTER = 200;
/** So often another broker may be first before this one lets it. */
const MOST_RACES = 20;

export interface LogKeeper {
  /** In a file: the new events are built into the tree and signed in the transaction that writes them. */
  readonly beforeCommit: BeforeCommit;
  /** On a server: soon after the batch; whichever broker is first. */
  readonly afterBatch: AfterBatch;
  /** Begins to keep the log of this ledger: reads up on what was written without it, and signs it. */
  open(needs: LogNeeds): Promise<AuditTree>;
  /** What was signed last is remembered on disk when this resolves. */
  close(): Promise<void>;
}

export interface LogNeeds {
  readonly store: Store;
  readonly desk: SigningDesk;
  readonly brokerTag: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Keeps the tree over the audit log. In conflict (see {@link LogSigner}) events are still recorded, because revocation must go on; nothing is signed,
 * nothing is issued, and operators are told, until one of them begins the log anew.
 */
export function createLogKeeper(): LogKeeper {
  let needs: LogNeeds | undefined;
  let signer: LogSigner | undefined;
  let conflict: string | undefined;
  let checkpoint: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = 0;
  let isClosed = false;
  let underWay: Promise<void> | undefined;
  /** Written in a transaction that is not known to be committed. */
  let candidate: LogStep | undefined;
  /** The head as this process wrote it last, in its file, and the file's version then: it stands as long as nobody else commits there. */
  let written: { readonly head: StoredHead; readonly version: Value } | undefined;
  /** The leaf of the last event that was signed, and its number. */
  let last: { readonly size: number; readonly leaf: Hash | undefined } | undefined;

  function trustedBy({ trusted }: LogSigner): Trusted {
    return { frontier: trusted, last: last?.size === trusted.size ? last.leaf : undefined };
  }

  function refuse(because: string): void {
    if (conflict !== because) needs?.log.error("the audit log is not signed any more", { because });
    conflict = because;
    candidate = undefined;
  }

  /** What is in the ledger is remembered. */
  function settle({ frontier, signed, last: leaf }: LogStep): void {
    candidate = undefined;
    written = undefined;
    last = { size: frontier.size, leaf };
    if (signed === undefined) return;
    signer?.remember(frontier, signed);
    checkpoint = signed.checkpoint;
  }

  /** What the file says, where it is not known without asking. Whether a COMMIT that failed was one after all is seen in it. */
  function headIn(transaction: Transaction, version: Value): StoredHead | undefined {
    if (candidate === undefined && written !== undefined && written.version === version) return written.head;
    const stored = headFromRow(transaction.rows(readHead)[0]);
    if (candidate !== undefined && stored !== undefined && sameHash(stored.root, rootOf(candidate.frontier)))
      settle(candidate);
    candidate = undefined;
    return stored;
  }

  const beforeCommit: BeforeCommit = (transaction) => {
    if (signer === undefined || needs === undefined || conflict !== undefined) return;
    const version = transaction.rows(readVersion)[0]?.[0] ?? null;
    const head = headIn(transaction, version);
    const { trusted } = signer;
    const events = newEventsFrom(transaction.rows(readNew(trusted.size)));
    if (isNothing(head, events, trusted.size)) return;
    const bare = events.some(([, , leaf]) => leaf === undefined) ? transaction.rows(readBare(trusted.size)) : [];
    const step = planLogStep(signer, trustedBy(signer), { head, events, bare }, needs.clock.now());
    if ("because" in step) {
      refuse(step.because);
      return;
    }
    for (const statement of step.statements) transaction.run(statement);
    candidate = step;
    return () => {
      settle(step);
      if (step.head !== undefined) written = { head: step.head, version };
    };
  };

  /** One part after the other until all is done that was there. Only the writing is in a transaction: what was read before it and is not so any more loses the compare-and-set. */
  async function readUp(store: Store, running: LogSigner): Promise<void> {
    let base: Trusted | undefined;
    for (let lost = 0; lost < MOST_RACES && conflict === undefined && signer === running; ) {
      const trusted: Trusted = base ?? trustedBy(running);
      const { size } = trusted.frontier;
      const [[row] = [], found = []] = await store.together(readHead, readNew(size));
      const events = newEventsFrom(found);
      const head = headFromRow(row);
      if (isNothing(head, events, size)) return;
      const hasBare = events.some(([, , leaf]) => leaf === undefined);
      const bare = hasBare ? await store.rows(readBare(size)) : [];
      const whole = new Set(bare.map(([seq]) => seq));
      // Another broker made leaves meanwhile.
      if (events.some(([seq, , leaf]) => leaf === undefined && !whole.has(seq))) {
        lost += 1;
        continue;
      }
      const step = planLogStep(running, trusted, { head, events, bare }, needs?.clock.now() ?? 0);
      if ("because" in step) return refuse(step.because);
      const isWhole = head !== undefined && step.frontier.size >= head.size;
      const [moved] = step.statements.length === 0 ? [] : await store.batch(step.statements);
      if (moved !== undefined && moved.changes !== 1) {
        // Another broker was first. What it wrote is read, and checked, in the next round.
        lost += 1;
        base = undefined;
        continue;
      }
      if (step.signed !== undefined) settle(step);
      else if (isWhole) await adopt(step, head.key);
      base = step.signed === undefined ? step : undefined;
      // What was there when it was read is done. What others wrote meanwhile is the next round's: under steady work there is always more.
      if ((step.signed !== undefined || isWhole) && events.length <= MOST_EVENTS) return;
    }
  }

  /** What another broker signed, or this one before it died, follows on what is remembered. */
  async function adopt({ frontier, last: leaf }: LogStep, key: string): Promise<void> {
    const known = await checkpointAt(frontier.size);
    if (known === undefined) return refuse(`the checkpoint of event ${frontier.size} is missing`);
    signer?.remember(frontier, { key, checkpoint: known });
    checkpoint = known;
    last = { size: frontier.size, leaf };
  }

  async function checkpointWhere(rest: Statement): Promise<string | undefined> {
    const [row] = (await needs?.store.rows(select(logCheckpoints, rest))) ?? [];
    return row && noteFromRow(row);
  }
  const checkpointAt = (size: number) => checkpointWhere(sql`where ${logCheckpoints.size} = ${size}`);
  const newestCheckpoint = () => checkpointWhere(sql`order by ${logCheckpoints.size} desc limit 1`);

  async function catchUp(): Promise<void> {
    const store = needs?.store;
    await underWay?.catch(() => undefined);
    if (store === undefined || signer === undefined) return;
    const running = readUp(store, signer);
    underWay = running;
    await running.finally(() => {
      if (underWay === running) underWay = undefined;
    });
  }

  /** Sooner, if it was planned for later. */
  function lookWithin(milliseconds: number): void {
    const at = performance.now() + milliseconds;
    if (timer !== undefined && at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(() => {
      timer = undefined;
      catchUp()
        // What fails is done the next time, or by another broker.
        .catch(() => undefined)
        .finally(() => isClosed || lookWithin(LOOK_EVERY));
    }, milliseconds).unref();
  }

  /** Another broker may sign, and on one machine remember in the same file, between two looks: then one looks again. */
  async function openSigner({ store, desk, brokerTag }: LogNeeds): Promise<LogSigner | LogConflict> {
    for (let left = store.shared ? 5 : 1; ; left--) {
      const [row] = await store.rows(readHead);
      checkpoint = await newestCheckpoint();
      const opened = desk.open(brokerTag, headFromRow(row), checkpoint);
      if (!("because" in opened) || left === 1) return opened;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_AFTER));
    }
  }

  return {
    beforeCommit,

    async afterBatch() {
      // Partly by chance, so that of several brokers one does it for all.
      if (signer !== undefined) lookWithin(SIGN_WITHIN * (0.5 + Math.random() / 2));
    },

    async open(given) {
      needs = given;
      const { store, desk, brokerTag } = given;
      const { rows } = store;
      const opened = await openSigner(given);
      if ("because" in opened) refuse(opened.because);
      else signer = opened;
      const tree = createLogTree(rows);
      if (signer !== undefined && !(await isStill(tree, signer.trusted)))
        refuse(`the last events up to ${signer.trusted.size} are not those that were signed`);
      // What cannot be signed now is signed with the next group.
      await catchUp().catch(() => given.log.warn("the audit log is signed later", {}));
      if (store.shared) lookWithin(LOOK_EVERY);
      return {
        checkpoint: () => checkpoint,
        conflict: () => conflict,
        key: () => signer?.key,
        head: async () => headFromRow((await rows(readHead))[0]),
        newestCheckpoint,
        checkpointHolding: (seq) =>
          checkpointWhere(sql`where ${logCheckpoints.size} >= ${seq} order by ${logCheckpoints.size} limit 1`),
        async numberOf(event) {
          const [row] = await rows(
            sql`select ${auditEvents.seq} from ${auditEvents} where ${auditEvents.id} = ${event}`,
          );
          return typeof row?.[0] === "number" ? row[0] : undefined;
        },
        ...tree,
        catchUp,
        prepareRotation() {
          if (signer === undefined || conflict !== undefined)
            throw new PhiError("wrong_state", `The audit log is not signed now: ${conflict ?? "it is not open"}.`, {
              hint: "phi-broker status",
            });
          return { from: signer.key, to: desk.prepareRotation(signer.origin) };
        },
        async restart() {
          const built = await rebuildLog(store);
          const head = headFromRow((await rows(readHead))[0]);
          const restarted = desk.restart(brokerTag, head, built.frontier);
          const restart = restartStatements(restarted, built, given.clock.now());
          await store.batch(restart.statements);
          restarted.remember(built.frontier, restart.signed);
          checkpoint = restart.signed.checkpoint;
          signer = restarted;
          conflict = undefined;
          candidate = undefined;
          written = undefined;
          await catchUp();
          return { origin: restarted.origin, key: restarted.key, size: built.frontier.size };
        },
      };
    },

    async close() {
      isClosed = true;
      clearTimeout(timer);
      await needs?.desk.flush();
    },
  };
}

/** Neither the head nor an event is further than what is trusted, whose last event is there. */
function isNothing(head: StoredHead | undefined, events: readonly NewEvent[], size: number): boolean {
  return (head?.size ?? 0) === size && events.length === Math.min(size, 1) && (size === 0 || events[0]?.[0] === size);
}

/** Whether the ledger's hashes still give the root that is trusted. Looked at are the newest few hundred leaves, and the nodes before them. */
async function isStill({ root }: ReturnType<typeof createLogTree>, trusted: Frontier): Promise<boolean> {
  try {
    return sameHash(await root(trusted.size), rootOf(trusted));
  } catch {
    return false;
  }
}
