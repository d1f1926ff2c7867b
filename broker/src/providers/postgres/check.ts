import { printable } from "@phi/shared/text";
import type { Instant } from "@phi/shared/time";
import pg from "pg";
import * as z from "zod";
import type { Finding } from "../../ports/provider.js";
import { checkActivity } from "./check-activity.js";
import { checkKeepers } from "./check-keepers.js";
import type { PostgresConfig } from "./config.js";
import type { Connections } from "./connect.js";
import { asPhiError } from "./failure.js";
import type { PostgresRole } from "./role.js";

/** Clocks further apart than this are named; credentials are created within 30 seconds or not at all. */
const WORTH_A_WARNING = 5_000;
const WORTH_AN_ERROR = 20_000;

const serverFacts = z.object({
  version: z.int(),
  clock: z.number(),
  standby: z.boolean(),
  superuser: z.boolean(),
  mayCreateRoles: z.boolean(),
  inherits: z.boolean(),
  broker: z.string(),
});

const roleFacts = z.object({
  name: z.string(),
  exists: z.boolean(),
  login: z.boolean().nullable(),
  /** It is a superuser, or a member of one or of a role that reads or writes files or runs programs on the server. */
  powerful: z.boolean(),
  /** It has attributes that membership does not hand on but SET ROLE does. */
  attributes: z.boolean().nullable(),
  admin: z.boolean().nullable(),
  usable: z.boolean().nullable(),
  memberships: z.int(),
  members: z.int(),
  rights: z.int(),
});
type RoleFacts = z.infer<typeof roleFacts>;

/** Looks for what would break issuing or revoking on this server, without changing anything. */
export async function check(
  connections: Connections,
  now: () => Instant,
  {
    config,
    roles,
    wanted,
  }: {
    readonly config: PostgresConfig;
    readonly roles: readonly PostgresRole[];
    readonly wanted?: { readonly activity: boolean } | undefined;
  },
  signal: AbortSignal,
): Promise<Finding[]> {
  const groups = [...new Set(roles.flatMap((role) => role.memberOf))];
  try {
    return await connections.use(config, signal, async (connection) => {
      const asked = now();
      const [server] = z.array(serverFacts).parse(await connection.query(SERVER_FACTS));
      const answered = now();
      if (server === undefined) return [];
      const known = z.array(roleFacts).parse(await connection.query(factsAbout([...groups, config.graveyard])));
      const graveyard = known.pop();
      return [
        ...judgeServer(server, (asked + answered) / 2),
        ...known.flatMap((group) => judgeGroup(group, server)),
        ...(graveyard === undefined ? [] : judgeGraveyard(graveyard, server)),
        ...judgeSetRole(roles, server),
        ...(await checkKeepers(connection)),
        ...(wanted?.activity === true ? await checkActivity(connection) : []),
      ];
    });
  } catch (error) {
    if (signal.aborted) throw asPhiError(error);
    const hint = "see that it runs and can be reached from here, and that url is right";
    return [{ severity: "error", message: asPhiError(error).message, hint }];
  }
}

type ServerFacts = z.infer<typeof serverFacts>;

function judgeServer(server: ServerFacts, now: Instant): Finding[] {
  const findings: Finding[] = [];
  const broker = printable(server.broker);
  const add = (severity: Finding["severity"], message: string, hint: string) =>
    findings.push({ severity, message, hint });
  if (server.version < 140_000) add("error", "PostgreSQL is older than 14", "phi is tested with 15 and 18");
  if (server.standby)
    add("error", "this server is a standby and cannot create roles", "give the address of the primary");
  if (server.superuser) {
    add("warning", `${broker} is a superuser`, "CREATEROLE, and ADMIN OPTION on the group roles, is enough");
  } else {
    if (!server.mayCreateRoles) {
      add("error", `${broker} may not create roles`, `ALTER ROLE ${pg.escapeIdentifier(broker)} CREATEROLE`);
    }
    if (server.version < 160_000 && !server.inherits) {
      add(
        "error",
        `${broker} does not inherit, so it cannot end sessions`,
        `ALTER ROLE ${pg.escapeIdentifier(broker)} INHERIT`,
      );
    }
  }
  const ahead = server.clock - now;
  if (Math.abs(ahead) > WORTH_A_WARNING) {
    const direction = ahead > 0 ? "ahead of" : "behind";
    const severity = Math.abs(ahead) > WORTH_AN_ERROR ? "error" : "warning";
    add(
      severity,
      `its clock is ${Math.round(Math.abs(ahead) / 1_000)} s ${direction} the broker's`,
      "set both clocks by NTP",
    );
  }
  return findings;
}

function judgeGroup(group: RoleFacts, server: ServerFacts): Finding[] {
  const name = printable(group.name);
  const sql = pg.escapeIdentifier(name);
  if (!group.exists) {
    return [
      { severity: "error", message: `there is no role ${name} to be a member of`, hint: `CREATE ROLE ${sql} NOLOGIN` },
    ];
  }
  const findings: Finding[] = [];
  if (!group.admin) {
    const hint = `GRANT ${sql} TO ${pg.escapeIdentifier(printable(server.broker))} WITH ADMIN OPTION`;
    findings.push({ severity: "error", message: `the broker may not hand out ${name}`, hint });
  }
  if (group.login) {
    findings.push({ severity: "warning", message: `${name} can log in by itself`, hint: `ALTER ROLE ${sql} NOLOGIN` });
  }
  if (group.powerful || group.attributes) {
    const hint = "a lease of it could make itself rights that outlive it; use a role with rights on data only";
    findings.push({ severity: "warning", message: `${name} can change the server itself`, hint });
  }
  return findings;
}

function judgeGraveyard(graveyard: RoleFacts, server: ServerFacts): Finding[] {
  const name = printable(graveyard.name);
  const sql = pg.escapeIdentifier(name);
  const broker = pg.escapeIdentifier(printable(server.broker));
  if (!graveyard.exists) {
    const hint = `CREATE ROLE ${sql} NOLOGIN; GRANT ${sql} TO ${broker}`;
    return [{ severity: "error", message: `there is no role ${name} to take what leases leave behind`, hint }];
  }
  const findings: Finding[] = [];
  if (!graveyard.usable) {
    const hint = `GRANT ${sql} TO ${broker}`;
    findings.push({ severity: "error", message: `the broker may not give things to ${name}`, hint });
  }
  if (
    graveyard.login ||
    graveyard.powerful ||
    graveyard.attributes ||
    graveyard.memberships > 0 ||
    graveyard.rights > 0
  ) {
    const hint = "what leases leave behind would have these rights: take them all away, LOGIN too";
    findings.push({ severity: "error", message: `${name} has rights and must have none`, hint });
  }
  if (graveyard.members > 0) {
    const hint = "they own what leases leave behind; only the broker should be a member";
    findings.push({ severity: "warning", message: `others than the broker are members of ${name}`, hint });
  }
  return findings;
}

function judgeSetRole(roles: readonly PostgresRole[], server: ServerFacts): Finding[] {
  if (server.version >= 160_000 || roles.every((role) => role.setRole)) return [];
  const message =
    "before PostgreSQL 16 a lease can always SET ROLE to its groups, and leave behind what it creates that way";
  return [{ severity: "warning", message, hint: "take CREATE rights from the groups, or upgrade" }];
}

const SERVER_FACTS = `
  SELECT current_setting('server_version_num')::int AS version,
         (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS clock,
         pg_is_in_recovery() AS standby, rolsuper AS superuser, rolcreaterole AS "mayCreateRoles",
         rolinherit AS inherits, rolname::text AS broker
    FROM pg_roles WHERE rolname = current_user`;

/** One row per name, in order. Before PostgreSQL 16, CREATEROLE is enough to hand out what is no superuser. */
function factsAbout(names: readonly string[]): string {
  return `
    SELECT asked.name, r.oid IS NOT NULL AS exists, r.rolcanlogin AS login,
           EXISTS (SELECT FROM pg_roles p WHERE r.oid IS NOT NULL AND pg_has_role(r.oid, p.oid, 'MEMBER') AND (p.rolsuper OR p.rolname IN
             ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'))) AS powerful,
           r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls AS attributes,
           pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION')
             OR (current_setting('server_version_num')::int < 160000 AND NOT r.rolsuper
                 AND (SELECT rolcreaterole FROM pg_roles WHERE rolname = current_user)) AS admin,
           pg_has_role(r.oid, 'USAGE') AS usable,
           (SELECT count(*)::int FROM pg_auth_members m WHERE m.member = r.oid) AS memberships,
           (SELECT count(DISTINCT m.member)::int FROM pg_auth_members m JOIN pg_roles b ON b.oid = m.member
             WHERE m.roleid = r.oid AND b.rolname <> current_user AND NOT b.rolsuper) AS members,
           (SELECT count(*)::int FROM pg_shdepend d WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
             AND d.deptype = 'a' AND d.classid::regclass::text <> 'pg_auth_members') AS rights
      FROM unnest(ARRAY[${names.map(pg.escapeLiteral).join(", ")}]) WITH ORDINALITY AS asked (name, position)
      LEFT JOIN pg_roles r ON r.rolname = asked.name
     ORDER BY position`;
}
