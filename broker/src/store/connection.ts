import Database from "libsql";
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
   * keeps the transaction its own.
   */
  atomically<Value>(work: (transaction: Transaction) => Value): Value;
  close(): void;
}

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

  return {
    ...transaction,
    atomically(work) {
      database.exec("BEGIN IMMEDIATE");
      try {
        const value = work(transaction);
        database.exec("COMMIT");
        return value;
      } catch (error) {
        // A full or failing disk has rolled back by itself.
        if (database.inTransaction) database.exec("ROLLBACK");
        throw error;
      }
    },
    close() {
      prepared.clear();
      database.close();
    },
  };
}
