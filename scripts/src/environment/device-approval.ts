import type Provider from "oidc-provider";
import type { Person } from "./people.js";

type DeviceCode = InstanceType<Provider["DeviceCode"]>;

/** What is known of a user code that somebody typed. */
export type Lookup =
  | { readonly found: "waiting"; readonly code: DeviceCode; readonly shown: string }
  | { readonly found: "expired" | "used" | "unknown" };

/** Reads a user code as people type it: case, spaces and dashes do not matter (RFC 8628 §6.1). */
export async function lookUp(provider: Provider, typed: string): Promise<Lookup> {
  const letters = typed.toUpperCase().replaceAll(/[^A-Z0-9]/g, "");
  if (letters.length !== 8) return { found: "unknown" };
  const code = await provider.DeviceCode.findByUserCode(letters, { ignoreExpiration: true });
  if (code === undefined) return { found: "unknown" };
  if (code.isExpired) return { found: "expired" };
  if (code.accountId !== undefined || code.error !== undefined) return { found: "used" };
  return { found: "waiting", code, shown: `${letters.slice(0, 4)}-${letters.slice(4)}` };
}

/** The person says yes: the next poll of the device gets tokens for them. */
export async function approve(provider: Provider, code: DeviceCode, person: Person): Promise<void> {
  const scope = String(code.params?.scope ?? "");
  const grant = new provider.Grant({
    accountId: person.login,
    ...(code.clientId === undefined ? {} : { clientId: code.clientId }),
  });
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  Object.assign(code, {
    accountId: person.login,
    grantId,
    scope,
    authTime: Math.floor(Date.now() / 1000),
    amr: ["dev"],
  });
  await code.save();
}

/** The person says no: the next poll gets `access_denied` (RFC 8628 §3.5). */
export async function deny(code: DeviceCode): Promise<void> {
  Object.assign(code, { error: "access_denied", errorDescription: "the sign-in was denied" });
  await code.save();
}
