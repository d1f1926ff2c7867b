import { createClient } from "@libsql/client";
import { PhiError } from "@phi/shared/errors";
import type { RequestId } from "@phi/shared/ids";
import type { Secret } from "@phi/shared/secret";
import { asc, gt, max, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/libsql";
import type { Clock } from "../ports/clock.js";
import type { Log } from "../ports/log.js";
import { commitOnServer, prepareServer } from "./commit-on-server.js";
import { createDatabaseClock } from "./database-clock.js";
import { followChanges } from "./follow-changes.js";
import { migrate } from "./migrate.js";
import { createPatience, isNoAnswer, WAIT_AT_START } from "./patience.js";
import { auditEvents } from "./schema/audit-events.js";
import { tellOfCheckpoints } from "./server-checkpoints.js";
import { type AfterBatch, batchOnServer, rowsOnServer } from "./server-connection.js";
import { createServerFetch } from "./server-fetch.js";
import type { Store } from "./store.js";
import { createWriter } from "./writer.js";

/** Where a libSQL server is, and what it wants to see. */
export interface ServerAddress {
  /** `http://` or `https://`, of the primary: a read replica answers with what was true a moment ago. */
  readonly url: string;
  readonly token?: Secret | undefined;
}

/**
 * Opens the ledger on a libSQL server, which several brokers may do at once. Reads and writes go to the one address; there is
 * no transaction across an await, so a broker that dies holds nothing up. A server that gives no answer is waited for.
 *
 * @param afterBatch see {@link AfterBatch}
 * @param waitFor how long, in ms, this and what else is done with the store's `patiently` may wait for an answer
 * @throws PhiError `store_unavailable`
 */
export async function openServer(
  { url, token }: ServerAddress,
  {
    wall,
    log,
    afterBatch,
    waitFor = WAIT_AT_START,
  }: { readonly wall: Clock; readonly log: Log; readonly afterBatch?: AfterBatch; readonly waitFor?: number },
): Promise<Store> {
  const patiently = createPatience({ address: url, within: waitFor, log });
  const connect = (retry: boolean) =>
    createClient({
      url,
      ...(token === undefined ? {} : { authToken: token.reveal() }),
      fetch: createServerFetch(url, { retry }),
    });
  // A read may be asked again by itself; whether a write may is decided where its answer is understood.
  const reading = connect(true);
  const writing = connect(false);
  const close = () => {
    reading.close();
    writing.close();
  };
  try {
    await patiently(() => migrate(writing));
    await patiently(() => prepareServer(writing));
    await patiently(() => tellOfCheckpoints(reading, log));
    const read = drizzle(reading);
    const ask = async () => {
      const [row] = await read.all<{ now: number }>(sql`select unixepoch('subsec') * 1000 as now`);
      if (row === undefined) throw new Error("the database has no clock");
      return row.now;
    };
    const monotonic = () => performance.now();
    const clock = await patiently(() => createDatabaseClock({ ask, wall, monotonic, log }));
    const changes = followChanges({
      async newest() {
        const [row] = await read.select({ seq: max(auditEvents.seq) }).from(auditEvents);
        return row?.seq ?? 0;
      },
      async readOn(after) {
        const rows = await read
          .select({ seq: auditEvents.seq, request: auditEvents.requestId })
          .from(auditEvents)
          .where(gt(auditEvents.seq, after))
          .orderBy(asc(auditEvents.seq))
          .limit(2_000);
        return rows.map(({ seq, request }) => ({ seq, request: (request ?? undefined) as RequestId | undefined }));
      },
    });
    const writer = createWriter(
      commitOnServer(writing),
      afterBatch && (() => afterBatch((statements) => batchOnServer(writing, statements))),
    );
    return {
      read,
      rows: (statement) => rowsOnServer(reading, statement),
      async together(...statements) {
        return (await batchOnServer(reading, statements, "read")).map(({ rows }) => rows);
      },
      batch: (statements) => batchOnServer(writing, statements),
      writer,
      changes,
      clock,
      shared: true,
      patiently,
      async close() {
        changes.stop();
        clock.stop();
        await writer.close();
        close();
      },
    };
  } catch (error) {
    close();
    const cause = error instanceof Error && error.cause instanceof PhiError ? error.cause : error;
    if (cause instanceof PhiError && cause.data?.answered === true) throw cause;
    const waited =
      isNoAnswer(error) && waitFor > 0 ? ` It gave no answer for ${Math.round(waitFor / 1_000)} seconds.` : "";
    throw new PhiError("store_unavailable", `The database at ${url} cannot be opened.${waited}`, {
      hint: "Is the libSQL server running, and does `database:` name its primary?",
      cause,
    });
  }
}
