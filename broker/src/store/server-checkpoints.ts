import { type Client, LibsqlError } from "@libsql/client";
import type { Log } from "../ports/log.js";
import { isNoAnswer } from "./patience.js";

/**
 * Tells operators of a libSQL server that checkpoints after commits, as sqld does unless it is told an interval. In 0.24 a writer that waits
 * while another one's commit checkpoints may give up and stay in the queue for the write lock; the lock is then handed to nobody, and
 * no write is answered until the server is started anew.
 */
export async function tellOfCheckpoints(client: Client, log: Log): Promise<void> {
  const afterPages = await checkpointsAfter(client);
  if (afterPages === undefined || afterPages === 0) return;
  log.warn("the database server can stop answering writes", {
    because: `it checkpoints after each commit that finds ${afterPages} pages in its log`,
    remedy: "start sqld with --checkpoint-interval-s 30",
  });
}

/** So many pages in the write-ahead log, 0 for never; nothing when the server does not tell. */
async function checkpointsAfter(client: Client): Promise<number | undefined> {
  try {
    const { rows } = await client.execute("pragma wal_autocheckpoint");
    return rows[0] === undefined ? undefined : Number(rows[0][0]);
  } catch (error) {
    if (error instanceof LibsqlError && !isNoAnswer(error)) return undefined;
    throw error;
  }
}
