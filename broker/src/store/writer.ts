import { type Client, type InStatement, LibsqlBatchError, type ResultSet } from "@libsql/client";
import { PhiError } from "@phi/shared/errors";

/** All writes of the process pass here, one batch at a time. */
export interface Writer {
  /**
   * Runs the statements in one atomic batch, in order. What waits together is committed together (group commit): one
   * `fsync` serves many callers.
   *
   * @throws PhiError `store_unavailable`; then nothing of this call's statements is recorded.
   */
  write(statements: readonly InStatement[]): Promise<ResultSet[]>;
  /** Resolves when everything that was handed over is settled; later calls are refused. */
  close(): Promise<void>;
}

interface Unit {
  readonly statements: readonly InStatement[];
  readonly resolve: (results: ResultSet[]) => void;
  readonly reject: (error: PhiError) => void;
}

/** More would keep the event loop (libSQL's file client is synchronous) and the timers on it waiting. */
const MOST_STATEMENTS = 600;

export function createWriter(client: Client): Writer {
  const waiting: Unit[] = [];
  let running: Promise<void> | undefined;
  let closed = false;

  /** Takes as many waiting units as fit; at least one. */
  function take(): Unit[] {
    const group: Unit[] = [];
    let statements = 0;
    while (
      waiting[0] !== undefined &&
      (group.length === 0 || statements + waiting[0].statements.length <= MOST_STATEMENTS)
    ) {
      const unit = waiting.shift();
      if (unit === undefined) break;
      group.push(unit);
      statements += unit.statements.length;
    }
    return group;
  }

  async function commit(group: Unit[]): Promise<void> {
    try {
      const results = await client.batch(
        group.flatMap((unit) => unit.statements),
        "write",
      );
      let start = 0;
      for (const unit of group) {
        unit.resolve(results.slice(start, start + unit.statements.length));
        start += unit.statements.length;
      }
    } catch (error) {
      // One unit's failure rolled all of them back: each is tried by itself, so that it fails alone.
      const [only] = group;
      if (group.length === 1 && only !== undefined) only.reject(refusal(error));
      else for (const unit of group) await commit([unit]);
    }
  }

  async function drain(): Promise<void> {
    // Whoever writes in this turn of the event loop joins the first group.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) await commit(take());
    running = undefined;
  }

  return {
    write(statements) {
      if (closed)
        return Promise.reject(new PhiError("store_unavailable", "The broker is stopping and records nothing new."));
      return new Promise((resolve, reject) => {
        waiting.push({ statements, resolve, reject });
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
  const code =
    error instanceof LibsqlBatchError || error instanceof Error ? String((error as { code?: unknown }).code ?? "") : "";
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
