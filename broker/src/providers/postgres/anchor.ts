import pg from "pg";
import type { Anchor } from "../../ports/provider.js";
import type { PostgresConfig } from "./config.js";
import type { Connections } from "./connect.js";
import { asPhiError } from "./failure.js";
import { rolePrefix } from "./handle.js";

const DUPLICATE_OBJECT = "42710";

/**
 * The mark is the comment on `phi_<broker>_anchor`, a role that cannot log in and has no rights. Its name is shorter than a
 * lease's, so that it is never taken for one.
 */
export function createAnchor(connections: Connections): Anchor<PostgresConfig> {
  const query = (config: PostgresConfig, sql: string, signal: AbortSignal) =>
    connections.use(config, signal, (connection) => connection.query(sql));

  return {
    async read(config, brokerTag, signal) {
      const name = pg.escapeLiteral(anchorRole(brokerTag));
      const rows = await query(
        config,
        `SELECT shobj_description(oid, 'pg_authid') AS note FROM pg_roles WHERE rolname = ${name}`,
        signal,
      ).catch(rethrow);
      const note = rows[0]?.note;
      return typeof note === "string" ? /^phi: seen ([A-Za-z0-9_]{1,100})$/.exec(note)?.[1] : undefined;
    },

    async write(config, brokerTag, mark, signal) {
      if (!/^[A-Za-z0-9_]{1,100}$/.test(mark)) throw new Error("not a mark");
      const role = pg.escapeIdentifier(anchorRole(brokerTag));
      const comment = `COMMENT ON ROLE ${role} IS ${pg.escapeLiteral(`phi: seen ${mark}`)}`;
      const exists = `SELECT 1 AS yes FROM pg_roles WHERE rolname = ${pg.escapeLiteral(anchorRole(brokerTag))}`;
      try {
        if ((await query(config, exists, signal)).length === 0) {
          await query(config, `CREATE ROLE ${role} NOLOGIN NOINHERIT`, signal).catch((error: unknown) => {
            // Another broker of the same ledger was first.
            if (!(error instanceof pg.DatabaseError) || error.code !== DUPLICATE_OBJECT) throw error;
          });
        }
        await query(config, comment, signal);
      } catch (error) {
        rethrow(error);
      }
    },
  };
}

/** The name of the anchor. */
export function anchorRole(brokerTag: string): string {
  return `${rolePrefix(brokerTag)}anchor`;
}

function rethrow(error: unknown): never {
  throw asPhiError(error);
}
