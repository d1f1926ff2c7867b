import type { Endpoint } from "./config.js";

/** The variables libpq and its kin read (PostgreSQL manual §34.15), and a URL for everything else. */
export function clientEnvironment(endpoint: Endpoint, user: string, password: string): Record<string, string> {
  const { host, port, database, sslmode, sslrootcert } = endpoint;
  const url = new URLSearchParams({ sslmode, ...(sslrootcert === undefined ? {} : { sslrootcert }) });
  const authority = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host.includes(":") ? `[${host}]` : host}:${port}`;
  return {
    PGHOST: host,
    PGPORT: String(port),
    PGDATABASE: database,
    PGUSER: user,
    PGPASSWORD: password,
    PGSSLMODE: sslmode,
    ...(sslrootcert === undefined ? {} : { PGSSLROOTCERT: sslrootcert }),
    DATABASE_URL: `postgresql://${authority}/${pathSegment(database)}?${url}`,
  };
}

/** RFC 3986 §3.3: what a segment may hold as it is stays as it is, because some clients decode no more than they must. */
function pathSegment(text: string): string {
  return encodeURI(text).replaceAll(/[/?#]/g, encodeURIComponent);
}
