import type { Instant } from "@phi/shared/time";
import type { Provider } from "../../ports/provider.js";
import { activityOf } from "./activity.js";
import { createAnchor } from "./anchor.js";
import { check } from "./check.js";
import { configSchema, type PostgresConfig } from "./config.js";
import { createConnections } from "./connect.js";
import { handleSchema, type PostgresHandle, planHandle } from "./handle.js";
import { createIssue } from "./issue.js";
import { listHandles } from "./list.js";
import { moveEnds } from "./move-end.js";
import { createRevoke } from "./revoke.js";
import { type PostgresRole, roleSchema } from "./role.js";
import { targetClock } from "./target-clock.js";

export interface PostgresDependencies {
  /** The broker's clock: only to say by how much the target's differs. */
  readonly now: () => Instant;
}

/**
 * PostgreSQL 14 and newer. A credential is a role of its own that is a member of the group roles that hold the rights;
 * nothing is ever granted to it on an object, because such grants grow the object's row and collide with each other.
 */
export function createPostgresProvider({
  now,
}: PostgresDependencies): Provider<PostgresConfig, PostgresRole, PostgresHandle> {
  const connections = createConnections();
  return {
    kind: "postgres",
    revocation: "immediate",
    schema: { config: configSchema, role: roleSchema, handle: handleSchema },
    plan: planHandle,
    describe: (handle) => handle.role,
    issue: createIssue(connections, now),
    revoke: createRevoke(connections),
    moveEnd: (config, ends, signal) => moveEnds(connections, config, ends, signal),
    list: (config, brokerTag, signal) => listHandles(connections, config, brokerTag, signal),
    anchor: createAnchor(connections),
    clock: (config, signal) => targetClock(connections, config, signal),
    activity: (config, handles, signal) => activityOf(connections, config, handles, signal),
    check: (config, roles, signal, wanted) => check(connections, now, { config, roles, wanted }, signal),
    close: () => connections.close(),
  };
}
