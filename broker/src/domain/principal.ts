/** A verified person. The key is issuer and subject, never a name or an address (those can be taken over). */
export interface Principal {
  readonly issuer: string;
  readonly subject: string;
  /** What people call them; printable; shown, never compared. */
  readonly name: string;
  readonly groups: readonly string[];
}

/** Whether two are the same person. */
export function samePrincipal(
  a: Pick<Principal, "issuer" | "subject">,
  b: Pick<Principal, "issuer" | "subject">,
): boolean {
  return a.issuer === b.issuer && a.subject === b.subject;
}

/**
 * Who a rule means: `group:NAME` or `principal:SUBJECT`, exactly, case included. Nothing else matches anybody.
 */
export type Selector = `group:${string}` | `principal:${string}`;

/** Whether one of the selectors means this principal. An empty list means nobody. */
export function matchesAny(principal: Principal, selectors: readonly Selector[]): boolean {
  return selectors.some((selector) => {
    const colon = selector.indexOf(":");
    const wanted = selector.slice(colon + 1);
    return selector.startsWith("group:") ? principal.groups.includes(wanted) : principal.subject === wanted;
  });
}
