import { isAbsolute } from "node:path";
import { Secret } from "@phi/shared/secret";
import * as z from "zod";
import { identifier } from "./identifier.js";

/** The modes of libpq in which what is asked for is what is done; `allow` and `prefer` fall back to plain text unasked. */
const sslmode = z.enum(["disable", "require", "verify-ca", "verify-full"]);
export type SslMode = z.infer<typeof sslmode>;

/** An address of the server, as the broker or as clients use it. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly sslmode: SslMode;
  /** Absolute path of a PEM file with the certificate authorities, on the machine that connects; or `system` for clients. */
  readonly sslrootcert: string | undefined;
}

/** The broker's own way in. */
export interface Admin extends Endpoint {
  readonly user: string;
  readonly password: string;
}

export interface PostgresConfig {
  readonly admin: Secret<Admin>;
  readonly clients: Endpoint;
  /** The role without any rights that gets what a lease leaves behind. */
  readonly graveyard: string;
  /** PBKDF2 rounds of the credential's SCRAM verifier; see scram.ts. */
  readonly scramIterations: number;
}

const host = z
  .string()
  .regex(
    /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$|^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/,
    "must be a host name or an IP address",
  );

const adminUrl = z.custom<Secret>((value) => value instanceof Secret && typeof value.reveal() === "string", {
  error: "must be a reference to the environment or to a file, not the URL itself",
});

/**
 * The settings of a resource of kind `postgres`. Messages about the admin URL name what is wrong with it and never quote it.
 */
export const configSchema = z
  .strictObject({
    url: adminUrl,
    /** What clients should use where it differs from the URL. */
    connect: z
      .strictObject({
        host: host.optional(),
        port: z.int().min(1).max(65_535).optional(),
        sslmode: sslmode.optional(),
        sslrootcert: z.string().min(1).max(4_096).optional(),
      })
      .default({}),
    graveyard: identifier.default("phi_graveyard"),
    /** 4096 when Java clients must work: their SCRAM library refuses fewer. Costs about 10 ms of the server per credential. */
    scramIterations: z.int().min(1).max(100_000).default(1),
  })
  .transform((written, context): PostgresConfig => {
    const read = readAdminUrl(written.url.reveal());
    if ("problem" in read) {
      context.addIssue({ code: "custom", path: ["url"], message: read.problem });
      return z.NEVER;
    }
    const { connect } = written;
    return {
      admin: new Secret(read.admin),
      clients: {
        host: connect.host ?? read.admin.host,
        port: connect.port ?? read.admin.port,
        database: read.admin.database,
        sslmode: connect.sslmode ?? read.admin.sslmode,
        sslrootcert: connect.sslrootcert ?? read.admin.sslrootcert,
      },
      graveyard: written.graveyard,
      scramIterations: written.scramIterations,
    };
  });

/**
 * Reads `postgresql://user:password@host[:port]/database[?sslmode=…][&sslrootcert=…]`. Nothing is taken from the process
 * environment or guessed; only on the loopback interface may `sslmode` be left out.
 */
function readAdminUrl(text: string): { admin: Admin } | { problem: string } {
  if (!URL.canParse(text)) return { problem: "must be a URL like postgresql://user:password@host:5432/database" };
  const url = new URL(text);
  if (url.protocol !== "postgresql:" && url.protocol !== "postgres:")
    return { problem: "must begin with postgresql://" };

  const parts = [url.username, url.password, url.pathname.slice(1)].map(decoded);
  const [user, password, database] = parts;
  if (!user || !password) return { problem: "must hold a user and a password" };
  if (!database) return { problem: "must name a database after the host" };
  if (parts.some((part) => part?.includes("\0"))) return { problem: "must not hold NUL characters" };
  const hostName = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (!host.safeParse(hostName).success) return { problem: "must hold a host name or an IP address" };

  const asked = new Map(url.searchParams);
  const unknown = [...asked.keys()].find((key) => key !== "sslmode" && key !== "sslrootcert");
  if (unknown !== undefined) return { problem: "may have the parameters sslmode and sslrootcert, and no others" };
  const mode = sslmode.safeParse(asked.get("sslmode") ?? (isLoopback(hostName) ? "disable" : undefined));
  if (!mode.success) {
    return { problem: "must say sslmode=verify-full, verify-ca, require or disable, unless it is for this machine" };
  }
  const sslrootcert = asked.get("sslrootcert");
  if (sslrootcert !== undefined && !isAbsolute(sslrootcert))
    return { problem: "must give sslrootcert as an absolute path" };
  return {
    admin: {
      user,
      password,
      database,
      host: hostName,
      port: Number(url.port || 5432),
      sslmode: mode.data,
      sslrootcert,
    },
  };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined; // a stray percent sign
  }
}

function isLoopback(name: string): boolean {
  return name === "localhost" || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}
