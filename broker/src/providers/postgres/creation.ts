import type { Instant } from "@phi/shared/time";
import pg from "pg";
import { createBatches } from "./batches.js";
import type { PostgresConfig } from "./config.js";
import type { Connections } from "./connect.js";
import { createRoles, type NewRole } from "./create-roles.js";
import { classOfSqlState } from "./failure.js";
import { keeperFor, makeKeepers } from "./keeper.js";
import type { PostgresRole } from "./role.js";

/** A role costs less than half a millisecond, and the groups are locked until all are made. Half the connections stay free for revoking. */
const LIMITS = { items: 64, patience: 250, underWay: 4 };
/** Where keepers cannot be made, the account creates by itself for so long, in ms. */
const WITHOUT_KEEPERS_FOR = 5 * 60_000;

/** invalid_parameter_value, for a role that is not there; insufficient_privilege */
const KEEPER_TROUBLE = ["22023", "42501"];

/**
 * Creates roles: those that get the rights of the same groups of one target and come at the same moment together, and each
 * with its own answer all the same.
 *
 * Rejects with what the server or the connection said, or with `target_unavailable` when the signal aborts.
 */
export function createCreation(connections: Connections, now: () => Instant) {
  const targets = new WeakMap<PostgresConfig, Map<string, ReturnType<typeof createQueue>>>();
  const withoutKeepersUntil = new WeakMap<PostgresConfig, Instant>();
  let turn = Math.floor(Math.random() * 1_000); // brokers that start together do not all take the same keeper first

  function createQueue(config: PostgresConfig, role: PostgresRole) {
    const send = (news: readonly NewRole[], keeper: string | undefined, signal: AbortSignal) =>
      connections.use(config, signal, (connection) => connection.query(createRoles(news, role, keeper)));

    /** The first lease makes the keepers. */
    async function createOne(one: NewRole, keeper: string | undefined, signal: AbortSignal): Promise<void> {
      try {
        await send([one], keeper, signal);
      } catch (error) {
        if (keeper === undefined || !isRefusal(error) || !KEEPER_TROUBLE.includes(error.code ?? "")) throw error;
        const statement = makeKeepers(one.name, role.memberOf);
        const made = await connections
          .use(config, signal, (connection) => connection.query(statement))
          .then(() => true, isUnable);
        await send([one], made ? keeper : undefined, signal);
        if (!made) withoutKeepersUntil.set(config, now() + WITHOUT_KEEPERS_FOR);
      }
    }

    /** What went wrong for each; after the connection is lost nothing more is tried. */
    async function createEach(news: readonly NewRole[], keeper: string | undefined, signal: AbortSignal) {
      const answers: unknown[] = [];
      let lost: unknown;
      for (const one of news) {
        if (lost === undefined) {
          const error: unknown = await createOne(one, keeper, signal).catch((reason: unknown) => reason);
          if (error !== undefined && !isRefusal(error)) lost = error;
          answers.push(error);
        } else {
          answers.push(lost);
        }
      }
      return answers;
    }

    return createBatches<NewRole, unknown>(LIMITS, async (news, signal) => {
      const alone = now() < (withoutKeepersUntil.get(config) ?? 0);
      const keeper = alone ? undefined : keeperFor(news[0]?.name ?? "", turn++);
      if (news.length === 1) return createEach(news, keeper, signal);
      try {
        await send(news, keeper, signal);
        return news.map(() => undefined);
      } catch (error) {
        // What they all wait for, or the connection, is the fault of none. Otherwise nothing was created yet.
        if (!isRefusal(error) || classOfSqlState(error.code ?? "", error.message) === "busy") throw error;
        return createEach(news, keeper, signal);
      }
    });
  }

  return async function create(one: NewRole, signal: AbortSignal): Promise<void> {
    const { config, role } = one.order;
    const queues = targets.get(config) ?? new Map<string, ReturnType<typeof createQueue>>();
    targets.set(config, queues);
    const rights = JSON.stringify([[...role.memberOf].sort(), role.setRole]);
    const queue = queues.get(rights) ?? createQueue(config, role);
    queues.set(rights, queue);
    const error = await queue.add(one, signal);
    if (error !== undefined) throw error;
  };
}

/** The server answered with an error, and has undone the whole transaction. */
function isRefusal(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && error.severity === "ERROR";
}

function isUnable(error: unknown): false {
  if (isRefusal(error)) return false;
  throw error;
}
