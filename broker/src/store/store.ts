import type { drizzle } from "drizzle-orm/libsql";
import type { Changes } from "../ports/changes.js";
import type { Clock } from "../ports/clock.js";
import type { Patience } from "./patience.js";
import type { Answer, Row, Statement } from "./statement.js";
import type { Writer } from "./writer.js";

/** An open ledger: one writer for writing, and two ways to read. */
export interface Store {
  /** drizzle, for questions that are put together as they come. */
  readonly read: ReturnType<typeof drizzle>;
  /** For the few questions that are asked all the time: the statement stays prepared. */
  rows(statement: Statement): Promise<readonly Row[]>;
  /** Several of them, answered as of one instant. */
  together(...statements: readonly Statement[]): Promise<readonly (readonly Row[])[]>;
  /** Statements in one transaction of their own, and what came of each: for what belongs to no change. Sent once; bear a lost answer. */
  batch(statements: readonly Statement[]): Promise<readonly Answer[]>;
  readonly writer: Writer;
  /** Tells who waits in this process, also of what other brokers change. */
  readonly changes: Changes;
  /** The one clock of all brokers on this ledger; `undefined` when there is one broker, and its own clock will do. */
  readonly clock: Clock | undefined;
  /** Other brokers may be working on this ledger too. */
  readonly shared: boolean;
  /** For the steps of a start. */
  readonly patiently: Patience;
  close(): Promise<void>;
}
