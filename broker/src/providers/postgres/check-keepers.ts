import { printable } from "@phi/shared/text";
import pg from "pg";
import * as z from "zod";
import type { Finding } from "../../ports/provider.js";
import type { Connection } from "./connect.js";
import { KEEPER_NAME } from "./keeper.js";

const keeperFacts = z.object({ name: z.string(), login: z.boolean(), others: z.int() });

/** A keeper (keeper.ts) can hand out the groups: whoever can use one besides the broker can give themselves their rights. */
export async function checkKeepers(connection: Connection): Promise<Finding[]> {
  const keepers = z.array(keeperFacts).parse(await connection.query(KEEPER_FACTS));
  return keepers.flatMap(({ name, login, others }): Finding[] => {
    const shown = printable(name);
    const sql = pg.escapeIdentifier(shown);
    return [
      ...(login
        ? [
            {
              severity: "error" as const,
              message: `${shown} can log in`,
              hint: `ALTER ROLE ${sql} NOLOGIN PASSWORD NULL`,
            },
          ]
        : []),
      ...(others > 0
        ? [
            {
              severity: "error" as const,
              message: `others than the broker can use ${shown}`,
              hint: "they can hand out every role that leases get; only the broker may be a member of it",
            },
          ]
        : []),
    ];
  });
}

/** Those that it uses, whatever tag its ledger gives the broker. */
const KEEPER_FACTS = `
  SELECT k.rolname::text AS name, k.rolcanlogin AS login,
         (SELECT count(*)::int FROM pg_auth_members m JOIN pg_roles o ON o.oid = m.member
           WHERE m.roleid = k.oid AND NOT o.rolsuper AND NOT pg_has_role(o.oid, 'MEMBER')) AS others
    FROM pg_roles k
   WHERE k.rolname ~ ${pg.escapeLiteral(KEEPER_NAME)} AND pg_has_role(k.oid, 'MEMBER')
     AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
   ORDER BY 1`;
