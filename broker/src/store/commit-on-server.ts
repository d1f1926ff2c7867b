import { randomBytes } from "node:crypto";
import { type Client, type InStatement, LibsqlBatchError, LibsqlError } from "@libsql/client";
import { PhiError } from "@phi/shared/errors";
import { toInStatement } from "./server-connection.js";
import type { CommitBatch, Unit } from "./writer.js";

/** So long, in ms, a batch is tried again; then whoever waits for it is told. Longer than one call may take, so that there is a second one. */
const GIVE_UP_AFTER = 8_000;
/** The database did not answer the batch before either: the callers behind it are told sooner. */
const GIVE_UP_SOON = 1_000;
const SHORTEST_PAUSE = 50;
const LONGEST_PAUSE = 1_000;
/** Numbers of batches are kept so long, in ms: far longer than a call can be under way. */
const REMEMBER_FOR = 3_600_000;

/** Numbers that were used. The store's own; no part of the ledger. */
const TABLE = [
  "create table if not exists written_batches (id text primary key, at integer not null)",
  "create index if not exists written_batches_by_time on written_batches (at)",
];

/** Makes what {@link commitOnServer} needs. Making it twice, or at once from two brokers, is nothing. */
export async function prepareServer(client: Client): Promise<void> {
  await client.batch(TABLE, "write");
}

/**
 * The batch of a database whose answer can be lost on the way: a connection that is reset after the commit looks like one that was reset
 * before it. So each batch begins by taking a number, and the database gives each number once. A batch without an answer is sent
 * again with the same number: either it is recorded now, or the number is taken, which proves that it was before; what
 * came of each unit is then read. Nothing is recorded twice, also when a delayed first call arrives after the second.
 *
 * Rejects with a {@link PhiError} when there was no answer for too long; then it is not known whether the last call arrived.
 */
export function commitOnServer(client: Client): CommitBatch {
  let isDown = false;

  return async (units) => {
    const id = randomBytes(16).toString("hex");
    const statements: InStatement[] = [
      { sql: "insert into written_batches (id, at) values (?, unixepoch() * 1000)", args: [id] },
      ...units.flatMap((unit) => unit.statements.map(toInStatement)),
      { sql: "delete from written_batches where at < unixepoch() * 1000 - ?", args: [REMEMBER_FOR] },
    ];
    const giveUpAt = performance.now() + (isDown ? GIVE_UP_SOON : GIVE_UP_AFTER);
    let isUnknown = false;
    for (let pause = SHORTEST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
      try {
        const results = await client.batch(statements, "write");
        isDown = false;
        let next = 1;
        return units.map((unit) => {
          const moved = results[next]?.rowsAffected === 1;
          next += unit.statements.length;
          return moved;
        });
      } catch (error) {
        if (isNumberTaken(error)) return whatCame(units);
        if (isRolledBack(error)) throw error;
        isUnknown ||= !isBusy(error);
        if (performance.now() + pause > giveUpAt) {
          isDown = true;
          throw isUnknown ? noAnswer(error) : error;
        }
      }
      // Half of it by chance: brokers that met once do not meet again.
      await new Promise((resolve) => setTimeout(resolve, (pause * (1 + Math.random())) / 2));
    }
  };
}

/** What the database says of units that are known to be recorded. */
async function whatCame(units: readonly Unit[]): Promise<boolean[]> {
  try {
    return await Promise.all(units.map((unit) => unit.moved()));
  } catch (error) {
    throw noAnswer(error);
  }
}

/** The first statement of the batch broke the rule that a number is given once. */
function isNumberTaken(error: unknown): boolean {
  return error instanceof LibsqlBatchError && error.statementIndex === 0 && error.code === "SQLITE_CONSTRAINT";
}

/** The server has said no, so nothing of it is recorded, and it would say so again. */
function isRolledBack(error: unknown): boolean {
  if (error instanceof PhiError) return error.data?.answered === true;
  return error instanceof LibsqlError && error.code.startsWith("SQLITE_") && !isBusy(error);
}

/** Another broker is writing: nothing of it is recorded, and the next try may be. */
function isBusy(error: unknown): boolean {
  return error instanceof LibsqlError && /^SQLITE_(?:BUSY|LOCKED)/.test(error.code);
}

function noAnswer(cause: unknown): PhiError {
  return new PhiError(
    "store_unavailable",
    "The broker's database does not answer, so it is not known whether this was recorded.",
    {
      hint: "Look before you do it again. If it stays, the operator should look at the database server.",
      data: { answered: false },
      cause,
    },
  );
}
