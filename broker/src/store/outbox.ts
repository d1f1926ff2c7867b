import { and, asc, count, sql as drizzleSql, eq } from "drizzle-orm";
import type { DeadLetter, Delivery } from "../domain/delivery.js";
import type { Outbox } from "../ports/outbox.js";
import { insertEvent } from "./event-statements.js";
import { deadLetters, deliveries } from "./schema/deliveries.js";
import { insertIf, sql, updateIf } from "./sql.js";
import type { Statement } from "./statement.js";
import type { Store } from "./store.js";
import { withWords } from "./with-words.js";

/** The outbox on an open store. */
export function createOutbox({ read, writer }: Pick<Store, "read" | "writer">): Outbox {
  const row = async (destination: string): Promise<Delivery | undefined> => {
    const [found] = await read.select().from(deliveries).where(eq(deliveries.destination, destination));
    return found && fromRow(found);
  };
  /** Whether the row is as a write would have left it, for when the answer to that write was lost. */
  const stands = async (destination: string, epoch: number, position: number) => {
    const found = await row(destination);
    return found?.epoch === epoch && found.position === position;
  };
  const held = ({ destination, epoch, position }: Delivery): Statement =>
    sql`${deliveries.destination} = ${destination} and ${deliveries.epoch} = ${epoch} and ${deliveries.position} = ${position}`;

  return withWords<Outbox>({
    async begin(destinations, position) {
      for (const destination of destinations)
        await writer.write(
          [sql`${insertIf(deliveries, { destination, position }, sql`1`)} on conflict do nothing`],
          async () => true,
        );
    },

    delivery: row,

    async deliveries() {
      return (await read.select().from(deliveries).orderBy(asc(deliveries.destination))).map(fromRow);
    },

    claim(delivery, holder, now, until) {
      const free = sql`(${deliveries.claimedUntil} <= ${now} or ${deliveries.holder} = ${holder})`;
      const epoch = delivery.epoch + 1;
      return writer.write(
        [updateIf(deliveries, { holder, epoch, claimedUntil: until }, sql`${held(delivery)} and ${free}`)],
        async () => {
          const found = await row(delivery.destination);
          return found?.epoch === epoch && found.holder === holder;
        },
      );
    },

    settle(delivery, { failingSince = null, lastError = null, ...progress }, until) {
      return writer.write(
        [updateIf(deliveries, { ...progress, failingSince, lastError, claimedUntil: until }, held(delivery))],
        () => stands(delivery.destination, delivery.epoch, progress.position),
      );
    },

    putAside(delivery, letter, entry) {
      const passed = {
        position: letter.seq,
        attempts: 0,
        refusals: 0,
        nextAttempt: 0,
        failingSince: null,
        lastError: null,
      };
      // On a server every statement of the batch runs: what follows holds only if the row has moved.
      const moved = held({ ...delivery, position: letter.seq });
      const isNew = sql`exists (select 1 from ${deliveries} where ${moved})`;
      return writer.write(
        [
          updateIf(deliveries, passed, held(delivery)),
          sql`${insertIf(deadLetters, letter, isNew)} on conflict do nothing`,
          ...(entry === undefined ? [] : [insertEvent(entry, isNew)]),
        ],
        () => stands(delivery.destination, delivery.epoch, letter.seq),
      );
    },

    async hurry(destination, now) {
      await writer.write(
        [updateIf(deliveries, { nextAttempt: now }, sql`${deliveries.destination} = ${destination}`)],
        async () => true,
      );
    },

    async deadLetters({ destination, again, limit }) {
      const found = await read
        .select()
        .from(deadLetters)
        .where(
          and(
            destination === undefined ? undefined : eq(deadLetters.destination, destination),
            // Written out, because a partial index is used for a constant only.
            again === true ? drizzleSql`${deadLetters.again} = 1` : undefined,
          ),
        )
        .orderBy(asc(deadLetters.destination), asc(deadLetters.seq))
        .limit(limit);
      return found satisfies DeadLetter[];
    },

    async countDeadLetters() {
      const found = await read
        .select({ destination: deadLetters.destination, count: count() })
        .from(deadLetters)
        .groupBy(deadLetters.destination);
      return new Map(found.map((one) => [one.destination, one.count]));
    },

    async tryAgain(destination, seq) {
      const meant = sql`${deadLetters.destination} = ${destination} ${seq === undefined ? sql`` : sql`and ${deadLetters.seq} = ${seq}`}`;
      await writer.write([sql`update ${deadLetters} set again = 1 where ${meant}`], async () => true);
      const marked = and(
        eq(deadLetters.destination, destination),
        drizzleSql`${deadLetters.again} = 1`,
        seq === undefined ? undefined : eq(deadLetters.seq, seq),
      );
      const [found] = await read.select({ count: count() }).from(deadLetters).where(marked);
      return found?.count ?? 0;
    },

    async settleLetter({ destination, seq }, left) {
      const meant = sql`${deadLetters.destination} = ${destination} and ${deadLetters.seq} = ${seq}`;
      await writer.write(
        [
          left === undefined
            ? sql`delete from ${deadLetters} where ${meant}`
            : updateIf(deadLetters, { ...left }, meant),
        ],
        async () => true,
      );
    },

    async releaseClaims() {
      await writer.write([sql`update ${deliveries} set claimed_until = 0 where claimed_until > 0`], async () => true);
    },
  });
}

function fromRow(row: typeof deliveries.$inferSelect): Delivery {
  return {
    ...row,
    holder: row.holder ?? undefined,
    failingSince: row.failingSince ?? undefined,
    lastError: row.lastError ?? undefined,
  };
}
