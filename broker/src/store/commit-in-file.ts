import type { Connection, Transaction } from "./connection.js";
import { type EventOfGuard, insertEvents, isEventOfGuard } from "./event-statements.js";
import { auditEvents } from "./schema/audit-events.js";
import { nameOf } from "./sql.js";
import type { CommitBatch } from "./writer.js";

/**
 * What goes with every group of changes because it is made of all that the group wrote: called after the group's units and before its
 * COMMIT, in the same transaction. What it throws undoes the group: if it cannot be written, nothing of the group is. What it returns is called
 * once the group is durable; when COMMIT fails it is not.
 */
export type BeforeCommit = (transaction: Transaction) => (() => void) | undefined;

const LOG = nameOf(auditEvents);

/**
 * The batch of a database whose answer cannot be lost: a file of this process. Events of changes that are a guard and its event wait for each other and
 * are written together, before anything looks into the log or writes there.
 */
export function commitInFile(connection: Connection, beforeCommit?: BeforeCommit): CommitBatch {
  return async (units) => {
    let committed: (() => void) | undefined;
    const answers = await connection.durably((transaction) => {
      let waiting: EventOfGuard[] = [];
      const writeEvents = () => {
        for (const statement of insertEvents(waiting)) transaction.run(statement);
        waiting = [];
      };
      const moved = units.map(({ statements: [guard, ...rest] }) => {
        if (guard === undefined) return false;
        const [event] = rest;
        const isPair = rest.length === 1 && event !== undefined && isEventOfGuard(event);
        if (!isPair || guard.sql.includes(LOG)) writeEvents();
        // On a server the rest runs too, and each statement's condition keeps it from doing anything.
        if (transaction.run(guard) !== 1) return false;
        if (isPair) waiting.push(event);
        else for (const statement of rest) transaction.run(statement);
        return true;
      });
      writeEvents();
      committed = beforeCommit?.(transaction);
      return moved;
    });
    committed?.();
    return answers;
  };
}
