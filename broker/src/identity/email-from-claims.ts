/** RFC 5321 §4.5.3.1, without quoting: nothing in it can begin another recipient or header. */
const ADDRESS = /^[^\s<>@,;:"()[\]\\\p{Cc}\p{Cf}]{1,64}@(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/u;

/** The address of an accepted ID token (OpenID Connect Core 1.0 §5.1), unless the issuer says it is not verified or it is none. */
export function emailFromClaims(claims: Readonly<Record<string, unknown>>): string | undefined {
  const own = (name: string) => (Object.hasOwn(claims, name) ? claims[name] : undefined);
  const verified = own("email_verified");
  const email = own("email");
  if (verified !== undefined && verified !== true) return undefined;
  return typeof email === "string" && ADDRESS.test(email) ? email : undefined;
}
