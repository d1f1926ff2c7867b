import { setMaxListeners } from "node:events";
import { PhiError } from "@phi/shared/errors";
import pg from "pg";
import { CuttableClient, clientOptions } from "./client.js";
import type { PostgresConfig } from "./config.js";
import { createSlots, interrupted, type Slots } from "./slots.js";

/** One connection of the broker to a target, lent out. */
export interface Connection {
  /** Rows of one statement. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Several messages sent at once, each its own transaction; the rows of the last. Rejects when one of them fails. */
  pipeline(...messages: (string | Prepared)[]): Promise<Record<string, unknown>[]>;
}

/** A statement that each connection plans once; one name always has the same text. */
export interface Prepared {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** How long a piece of work may take, in milliseconds; then its connection is cut. */
const LONGEST_WORK = 45_000;
/** Waiting until it is this piece of work's turn. */
const LONGEST_WAIT = 30_000;
/** Idle connections stay warm: signing in costs more than issuing. */
const LONGEST_IDLE = 5 * 60_000;
const MOST_CONNECTIONS = 8;

export type Connections = ReturnType<typeof createConnections>;

/** The broker's connections to PostgreSQL: one small pool per target, and single ones to its other databases. */
export function createConnections() {
  const targets = new Map<string, { pool: pg.Pool; slots: Slots }>();

  function targetOf(config: PostgresConfig): { pool: pg.Pool; slots: Slots } {
    const admin = config.admin.reveal();
    const key = JSON.stringify(admin);
    const known = targets.get(key);
    if (known !== undefined) return known;
    const pool = new pg.Pool({
      ...clientOptions(admin, admin.database),
      Client: CuttableClient,
      max: MOST_CONNECTIONS,
      idleTimeoutMillis: LONGEST_IDLE,
      allowExitOnIdle: true,
    });
    // An idle connection that the server ended; the pool has dropped it already.
    pool.on("error", () => undefined);
    // The pool itself never has anybody waiting, because its time for that is the one for connecting.
    const target = { pool, slots: createSlots(MOST_CONNECTIONS, LONGEST_WAIT) };
    targets.set(key, target);
    return target;
  }

  return {
    /** Lends a warm connection to the target's own database. Aborting cuts it at once: what was under way is then unknown. */
    async use<T>(
      config: PostgresConfig,
      signal: AbortSignal,
      work: (connection: Connection) => Promise<T>,
    ): Promise<T> {
      begin(signal);
      const { pool, slots } = targetOf(config);
      const leave = await slots.take(signal);
      try {
        const client = await orAborted(pool.connect(), signal, (late) => late.release());
        let reusable = false;
        try {
          const result = await bounded(client, signal, work);
          reusable = true;
          return result;
        } catch (error) {
          reusable = error instanceof pg.DatabaseError && error.severity === "ERROR";
          throw error;
        } finally {
          client.release(!reusable);
        }
      } finally {
        leave();
      }
    },

    /** A connection to another database of the same server, for one piece of work. */
    async useDatabase<T>(
      config: PostgresConfig,
      database: string,
      signal: AbortSignal,
      work: (connection: Connection) => Promise<T>,
    ): Promise<T> {
      begin(signal);
      const client = new CuttableClient(clientOptions(config.admin.reveal(), database));
      try {
        await orAborted(client.connect(), signal, () => cut(client));
        return await bounded(client, signal, work);
      } finally {
        client.end().catch(() => undefined);
      }
    },

    /** Ends every idle connection and each busy one as soon as its work is done. */
    async close(): Promise<void> {
      const ending = [...targets.values()].map(({ pool }) => pool.end());
      targets.clear();
      await Promise.all(ending);
    },
  };
}

async function bounded<T>(
  client: pg.ClientBase,
  signal: AbortSignal,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  let stopped: PhiError | undefined;
  const stop = (why: PhiError) => {
    stopped ??= why;
    cut(client);
  };
  const onAbort = () => stop(interrupted());
  const timer = setTimeout(() => stop(tooSlow()), LONGEST_WORK);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal.aborted) onAbort();
    return await work({
      query: async (sql) => (await client.query(sql)).rows,
      pipeline: async (...messages) => {
        const send = () =>
          messages.map((message) =>
            typeof message === "string"
              ? client.query(message)
              : client.query({ ...message, values: [...message.values] }),
          );
        const answers = await Promise.all(client instanceof CuttableClient ? client.atOnce(send) : send());
        return answers.at(-1)?.rows ?? [];
      },
    });
  } catch (error) {
    throw stopped ?? error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

function cut(client: pg.ClientBase): void {
  if (client instanceof CuttableClient) client.cut();
}

/** Stops waiting for `pending` when the signal says so; what arrives after that goes to `late`. */
function orAborted<T>(pending: Promise<T>, signal: AbortSignal, late: (value: T) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(interrupted());
      pending.then(late, () => undefined);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    pending.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

function begin(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted();
  // One signal, that of shutting down for example, may stop any number of pieces of work.
  setMaxListeners(0, signal);
}

const tooSlow = () =>
  new PhiError("target_unavailable", `PostgreSQL did not answer within ${LONGEST_WORK / 1_000} seconds.`);
