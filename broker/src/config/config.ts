import type { Secret } from "@phi/shared/secret";
import type { PolicyRule } from "../domain/policy/rule.js";
import type { Selector } from "../domain/principal.js";
import type { Resource } from "../domain/resource.js";
import type { CalendarOrder } from "../ports/calendars.js";
import type { DeliveryTarget } from "./delivery-schema.js";

import type { Notify } from "./notify-schema.js";

/** Where the ledger is. `path` is there when it is a file on this machine; else it is a libSQL server, and `token` what it wants to see. */
export interface DatabaseAddress {
  readonly url: string;
  readonly path?: string | undefined;
  readonly token?: Secret | undefined;
}

/** A whole, checked configuration. Nothing downstream checks it again. */
export interface Config {
  readonly listen: { readonly host: string; readonly port: number };
  /** Origin under which people reach the broker, without a trailing slash. */
  readonly publicUrl?: string | undefined;
  readonly database: DatabaseAddress;
  readonly issuer: {
    /** Exactly as written: issuers are compared letter by letter (OIDC Core 3.1.3.7). */
    readonly url: string;
    readonly clientId: string;
    readonly groupsClaim: string;
    readonly scopes: string;
  };
  /** `maxAge` in seconds. */
  readonly signIn: { readonly maxAge: number; readonly onGroupLoss: "revoke" | "keep" };
  /** Where operators' commands reach the broker; absent with a database server and no `adminSocket`. */
  readonly adminSocket?: string | undefined;
  /** Whether `/metrics` is served on the main listener too. */
  readonly metrics: boolean;
  /** `keepFor` in seconds. */
  readonly recordings: { readonly keepFor: number; readonly mostMegabytes: number };
  /** Where the private key of the audit log is (what was signed last is remembered beside it), and where the log is delivered to. Paths are absolute. */
  readonly audit: { readonly keyFile: string; readonly deliver: readonly DeliveryTarget[] };
  /** Who is told what, and how. */
  readonly notify: Notify;
  readonly admins: readonly Selector[];
  readonly auditors: readonly Selector[];
  /** In the order of the file; paths are absolute. */
  readonly calendars: readonly CalendarOrder[];
  /** By name, in the order of the file. */
  readonly resources: ReadonlyMap<string, Resource>;
  /** In the order of the file. */
  readonly policies: readonly PolicyRule[];
  /** SHA-256 (hex) of the parsed policies, whatever their layout in the file. */
  readonly policyHash: string;
  /** SHA-256 (hex) of the file's text with `\n` line ends and no byte-order mark. */
  readonly hash: string;
  /** SHA-256 (hex) of everything in the file but the policies, as written: what takes a restart. */
  readonly restHash: string;
  /** What works and should be mended, one line each, without secrets. */
  readonly warnings: readonly string[];
}
