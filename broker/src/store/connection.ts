import Database from "libsql";
import AsyncDatabase from "libsql/promise";
import type { Answer, Row, Statement } from "./statement.js";

/** Reads and writes of a ledger in a file. Synchronous: between two calls of one function nobody else is at work. */
export interface Transaction {
  rows(statement: Statement): readonly Row[];
  /** How many rows it changed. */
  run(statement: Statement): number;
  /** Rows or changes, whichever the statement has. */
  answer(statement: Statement): Answer;
}

/** The one connection through which this process writes a ledger file, and reads what must be quick. */
export interface Connection extends Transaction {
  /**
   * Does the work in one transaction (`BEGIN IMMEDIATE`); what it throws undoes all of it. The work cannot await anything, which is what
   * keeps the transaction its own. A thread of its own waits for the disk, not the event loop. Resolves when all of it is durable. Until then the
   * connection is inside the transaction, so others must read through {@link Connection.settled}.
   */
  durably<Value>(work: (transaction: Transaction) => Value): Promise<Value>;
  /** Reads at once, or as soon as no transaction is on its way to the disk: what is read is durable. */
  settled<Value>(read: () => Value): Promise<Value>;
  close(): void;
}

/**
 * Runs a statement on a thread of the binding's. Its two faces, libsql and libsql/promise, are methods on one native connection, `db`; only
 * the first prepares and reads without waiting, only the second does this.
 */
const execOnThread = (database: Database.Database, sql: string): Promise<void> =>
  AsyncDatabase.prototype.exec.call(database as unknown as AsyncDatabase, sql);

/** Another process may hold the file for a moment (a backup), in ms. The event loop waits too. */
const BUSY_TIMEOUT = 2_000;
/** Statements that stay prepared; the ledger has about a hundred texts, and what is asked once does not push them out for long. */
const MOST_PREPARED = 400;

/** @throws `SqliteError` of libsql, here and from each method: its `code` is SQLite's name of the extended error */
export function openConnection(path: string): Connection {
  const database = new Database(path, { timeout: BUSY_TIMEOUT } as Database.Options);
  const prepared = new Map<string, Database.Statement>();

  /** Preparing costs several times what running does, and drizzle's schema makes the same texts again and again. */
  function prepare(text: string): Database.Statement {
    const known = prepared.get(text);
    if (known !== undefined) return known;
    const oldest = prepared.size >= MOST_PREPARED ? prepared.keys().next().value : undefined;
    if (oldest !== undefined) prepared.delete(oldest);
    const made = database.prepare(text);
    // Rows as lists: a join has columns of one name twice.
    if (made.reader) made.raw();
    prepared.set(text, made);
    return made;
  }

  const transaction: Transaction = {
    rows: ({ sql, args }) => prepare(sql).all(args) as Row[],
    run: ({ sql, args }) => prepare(sql).run(args).changes,
    answer({ sql, args }) {
      const statement = prepare(sql);
      return statement.reader
        ? { rows: statement.all(args) as Row[], changes: 0 }
        : { rows: [], changes: statement.run(args).changes };
    },
  };

  let committing: Promise<void> | undefined;

  /** Begins a transaction and does the work in it. */
  function begin<Value>(work: (transaction: Transaction) => Value): Value {
    prepare("BEGIN IMMEDIATE").run([]);
    try {
      return work(transaction);
    } catch (error) {
      undo();
      throw error;
    }
  }

  function undo(): void {
    // A full or failing disk has rolled back by itself.
    if (database.inTransaction) database.exec("ROLLBACK");
  }

  return {
    ...transaction,
    async durably(work) {
      // No turn between the look and the begin, in which somebody else could begin.
      while (committing !== undefined) await committing;
      const value = begin(work);
      const commit = execOnThread(database, "COMMIT");
      committing = commit.catch(undo).finally(() => {
        committing = undefined;
      });
      await committing;
      await commit;
      return value;
    },
    async settled(read) {
      while (committing !== undefined) await committing;
      return read();
    },
    close() {
      prepared.clear();
      database.close();
    },
  };
}
