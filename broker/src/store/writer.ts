import { PhiError } from "@phi/shared/errors";
import type { Statement } from "./statement.js";

/** What is written together or not at all. */
export interface Unit {
  /** The first decides: unless it changes exactly one row, the others change nothing. Each says so in its condition, because a server runs them all. */
  readonly statements: readonly Statement[];
  /**
   * Reads from the database what came of a unit that is known to be recorded, for when the answer to its batch was lost: whether its
   * first statement changed a row.
   */
  readonly moved: () => Promise<boolean>;
}

/**
 * Commits units in one atomic batch, in order: for each, whether its first statement changed a row. A rejection means that nothing is
 * recorded, unless it is a {@link PhiError}, which says itself what is known.
 */
export type CommitBatch = (units: readonly Unit[]) => Promise<boolean[]>;

/** All writes of the process pass here, one batch at a time. */
export interface Writer {
  /**
   * Runs the statements in one atomic batch, in order, and tells whether the first of them changed a row. What waits together is
   * committed together (group commit): one `fsync` serves many callers.
   *
   * @throws PhiError `store_unavailable`; then nothing of this call's statements is recorded, or the message says that it is not known.
   */
  write(statements: readonly Statement[], moved: Unit["moved"]): Promise<boolean>;
  /** Resolves when everything that was handed over is settled; later calls are refused. */
  close(): Promise<void>;
}

interface Waiting extends Unit {
  readonly resolve: (moved: boolean) => void;
  readonly reject: (error: PhiError) => void;
}

/** More would keep the event loop (libSQL's file connection is synchronous) and the timers on it waiting. */
const MOST_STATEMENTS = 1_000;
/** A group is as many changes whether they are audited or not: half as many would be twice as often the wait for the disk. */
const MOST_CHANGES = 500;

/** @param afterBatch what follows a batch that is durable, before the next one begins; the callers of the batch do not wait for it, and it never rejects */
export function createWriter(commitBatch: CommitBatch, afterBatch?: () => Promise<void>): Writer {
  const waiting: Waiting[] = [];
  let running: Promise<void> | undefined;
  let closed = false;

  /** Takes as many waiting units as fit; at least one. */
  function take(): Waiting[] {
    const group: Waiting[] = [];
    let statements = 0;
    while (
      waiting[0] !== undefined &&
      group.length < MOST_CHANGES &&
      (group.length === 0 || statements + waiting[0].statements.length <= MOST_STATEMENTS)
    ) {
      const unit = waiting.shift();
      if (unit === undefined) break;
      group.push(unit);
      statements += unit.statements.length;
    }
    return group;
  }

  async function commit(group: Waiting[]): Promise<void> {
    try {
      const moved = await commitBatch(group);
      group.forEach((unit, index) => {
        unit.resolve(moved[index] === true);
      });
    } catch (error) {
      const [only] = group;
      // No answer: trying each by itself would be no better.
      if (error instanceof PhiError) for (const unit of group) unit.reject(error);
      else if (group.length === 1 && only !== undefined) only.reject(refusal(error));
      // One unit's failure rolled all of them back: each is tried by itself, so that it fails alone.
      else for (const unit of group) await commit([unit]);
    }
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      // A turn of the event loop before each group: whoever writes in it joins, and timers and sockets wait for one group, not for all.
      await new Promise((resolve) => setImmediate(resolve));
      await commit(take());
      await afterBatch?.();
    }
    running = undefined;
  }

  return {
    write(statements, moved) {
      if (closed)
        return Promise.reject(new PhiError("store_unavailable", "The broker is stopping and records nothing new."));
      return new Promise((resolve, reject) => {
        waiting.push({ statements, moved, resolve, reject });
        running ??= drain();
      });
    },
    async close() {
      closed = true;
      await running;
    },
  };
}

/** A failed write. `conflict` in its data tells a broken uniqueness rule from a store that cannot write. */
function refusal(error: unknown): PhiError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const full = code === "SQLITE_FULL" || code.startsWith("SQLITE_IOERR");
  return new PhiError(
    "store_unavailable",
    full
      ? "The broker's disk is full or failing, so it could not record this and did not do it."
      : "The broker could not record this, so it did not do it.",
    {
      hint: "Nothing was changed. Try again; if it stays, the broker's operator should look at its disk and database.",
      data: { conflict: code.startsWith("SQLITE_CONSTRAINT") },
      cause: error,
    },
  );
}
