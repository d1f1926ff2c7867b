import { parseId } from "@phi/shared/ids";
import pg from "pg";
import type { Found } from "../../ports/provider.js";
import type { PostgresConfig } from "./config.js";
import type { Connections } from "./connect.js";
import { asPhiError } from "./failure.js";
import { handleSchema, type PostgresHandle, rolePrefix } from "./handle.js";

const PAGE = 1_000;

/** The roles that are named like this broker's, in pages, whoever made them, with the lease that their comment names (see issue.ts). */
export async function* listHandles(
  connections: Connections,
  config: PostgresConfig,
  brokerTag: string,
  signal: AbortSignal,
): AsyncGenerator<Found<PostgresHandle>> {
  const prefix = rolePrefix(brokerTag);
  for (let after = ""; ; ) {
    const page = `SELECT rolname::text AS role, shobj_description(oid, 'pg_authid') AS note FROM pg_roles
       WHERE starts_with(rolname::text, ${pg.escapeLiteral(prefix)}) AND rolname > ${pg.escapeLiteral(after)}::name
       ORDER BY rolname LIMIT ${PAGE}`;
    const rows = await connections
      .use(config, signal, (connection) => connection.query(page))
      .catch((error: unknown) => {
        throw asPhiError(error);
      });
    for (const { role, note } of rows) {
      const handle = handleSchema.safeParse({ role });
      if (handle.success) yield { handle: handle.data, leaseId: leaseOf(note) };
    }
    const last = rows.at(-1)?.role;
    if (rows.length < PAGE || typeof last !== "string") return;
    after = last;
  }
}

function leaseOf(note: unknown) {
  const named = typeof note === "string" ? /^phi: lease (lse_[a-z0-9]+),/.exec(note)?.[1] : undefined;
  return named === undefined ? undefined : parseId("lease", named);
}
