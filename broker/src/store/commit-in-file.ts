import type { Connection, Transaction } from "./connection.js";
import type { CommitBatch } from "./writer.js";

/**
 * What goes with every group of changes because it is made of all that the group wrote: called after the group's units and before its
 * COMMIT, in the same transaction. What it throws undoes the group: if it cannot be written, nothing of the group is. What it returns is called
 * once the group is durable; when COMMIT fails it is not.
 */
export type BeforeCommit = (transaction: Transaction) => (() => void) | undefined;

/** The batch of a database whose answer cannot be lost: a file of this process. */
export function commitInFile(connection: Connection, beforeCommit?: BeforeCommit): CommitBatch {
  return async (units) => {
    let committed: (() => void) | undefined;
    const answers = await connection.durably((transaction) => {
      const moved = units.map(({ statements: [guard, ...rest] }) => {
        // On a server the rest runs too, and each statement's condition keeps it from doing anything.
        if (guard === undefined || transaction.run(guard) !== 1) return false;
        for (const statement of rest) transaction.run(statement);
        return true;
      });
      committed = beforeCommit?.(transaction);
      return moved;
    });
    committed?.();
    return answers;
  };
}
