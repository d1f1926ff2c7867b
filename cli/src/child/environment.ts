import type { LeaseReply } from "@phi/shared/contract/lease";
import { PhiError } from "@phi/shared/errors";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Variables that would send a client somewhere else than the credential does, or as somebody else. libpq reads them all
 * (PostgreSQL documentation, "Environment Variables"); a left-over PGSERVICE or PGHOSTADDR beats a fresh PGHOST.
 */
const CONNECTION_VARIABLES = [
  "DATABASE_URL",
  "PGDATABASE",
  "PGHOST",
  "PGHOSTADDR",
  "PGOPTIONS",
  "PGPASSFILE",
  "PGPASSWORD",
  "PGPORT",
  "PGREQUIREAUTH",
  "PGREQUIRESSL",
  "PGSERVICE",
  "PGSERVICEFILE",
  "PGSSLCERT",
  "PGSSLKEY",
  "PGSSLMODE",
  "PGSSLNEGOTIATION",
  "PGSSLROOTCERT",
  "PGTARGETSESSIONATTRS",
  "PGUSER",
];

/** What phi itself sets, and its own secrets: never inherited by the child. */
const OWN_VARIABLES = /^PHI_(?:REQUEST|RESOURCE|EXPIRES_AT|EMERGENCY|TOKEN.*|.*_TOKEN|.*_SECRET)$/;

/**
 * Variables that make a program load or run something, or phi itself go elsewhere: a credential has no use for them, so an
 * answer that sets one is refused. Not complete, and need not be: who owns the broker owns the credential anyway.
 */
const NEVER_FROM_OUTSIDE =
  /^(?:LD_.*|DYLD_.*|GCONV_PATH|LOCPATH|PATH|CDPATH|HOME|SHELL|SHELLOPTS|BASHOPTS|IFS|ENV|BASH_.*|ZDOTDIR|PROMPT_COMMAND|PS[0-4]|NODE_.*|NPM_.*|PYTHON.*|PERL.*|RUBY.*|GEM_.*|LUA_.*|PHPRC|PHP_INI_SCAN_DIR|CLASSPATH|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|OPENSSL_.*|SSLKEYLOGFILE|GIT_.*|EDITOR|VISUAL|PAGER|MANPAGER|BROWSER|PSQL_.*|PSQLRC|LESS.*|INPUTRC|TERMINFO.*|XDG_.*|PHI_.*)$/;

/** The variables of a lease: the credential's, and what tells the child (and a prompt) what it works under. Secret. */
export function leaseVariables(reply: LeaseReply): Record<string, string> {
  for (const [name, value] of Object.entries(reply.environment)) {
    if (NEVER_FROM_OUTSIDE.test(name) || value.includes("\0")) {
      throw new PhiError("bad_answer", `The broker wants to set ${name} for the command, which no credential needs.`);
    }
  }
  return {
    ...reply.environment,
    PHI_REQUEST: reply.request,
    PHI_RESOURCE: reply.resource,
    PHI_EXPIRES_AT: reply.expiresAt,
    ...(reply.emergency === true ? { PHI_EMERGENCY: "1" } : {}),
  };
}

/**
 * Variables of `parent` that must not reach the child: left-over connection settings when the lease brings its own,
 * the variables of an outer lease, and phi's own secrets.
 */
export function staleVariables(parent: Environment, lease: Readonly<Record<string, string>>): string[] {
  const isConnected = CONNECTION_VARIABLES.some((name) => name in lease);
  const stale = Object.keys(parent).filter(
    (name) => OWN_VARIABLES.test(name) || (isConnected && CONNECTION_VARIABLES.includes(name)),
  );
  return stale.filter((name) => !(name in lease));
}

/** The child's whole environment. */
export function childEnvironment(parent: Environment, lease: Readonly<Record<string, string>>): Record<string, string> {
  const stale = new Set(staleVariables(parent, lease));
  const child: Record<string, string> = {};
  for (const [name, value] of Object.entries(parent)) {
    if (value !== undefined && !stale.has(name)) child[name] = value;
  }
  return { ...child, ...lease };
}
