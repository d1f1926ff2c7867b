/** A verified person. The key is issuer and subject, never a name or an address (those can be taken over). */
export interface Principal {
  readonly issuer: string;
  readonly subject: string;
  /** What people call them; printable; shown, never compared. */
  readonly name: string;
  readonly groups: readonly string[];
  /** In lower case; only where their issuer says that it is verified. Only calendars are compared with it. */
  readonly verifiedEmail?: string | undefined;
  /** Names of the calendars by which they are on call now; known of who calls, at the moment of the call. */
  readonly onCall?: readonly string[] | undefined;
}

/** Whether two are the same person. */
export function samePrincipal(
  a: Pick<Principal, "issuer" | "subject">,
  b: Pick<Principal, "issuer" | "subject">,
): boolean {
  return a.issuer === b.issuer && a.subject === b.subject;
}

/**
 * Who a rule means: `group:NAME`, `principal:SUBJECT`, or `oncall:CALENDAR` for who approves; exactly, case included. Nothing else matches anybody.
 */
export type Selector = `group:${string}` | `principal:${string}` | `oncall:${string}`;

/** The selectors that mean this principal. */
export function selectorsOf({
  subject,
  groups,
  onCall = [],
}: Pick<Principal, "subject" | "groups" | "onCall">): Selector[] {
  return [
    `principal:${subject}`,
    ...groups.map((group): Selector => `group:${group}`),
    ...onCall.map((calendar): Selector => `oncall:${calendar}`),
  ];
}

/** The calendar of an `oncall:CALENDAR`. */
export function calendarNamed(selector: Selector): string | undefined {
  return selector.startsWith("oncall:") ? selector.slice("oncall:".length) : undefined;
}

/** Whether who is meant is known only when they sign in or call: it could be anybody. */
export function isOpenEnded(selector: Selector): boolean {
  return !selector.startsWith("principal:");
}

/** Whether one of the selectors means this principal. An empty list means nobody. */
export function matchesAny(principal: Principal, selectors: readonly Selector[]): boolean {
  return selectors.some((selector) => {
    const colon = selector.indexOf(":");
    const wanted = selector.slice(colon + 1);
    switch (selector.slice(0, colon)) {
      case "group":
        return principal.groups.includes(wanted);
      case "principal":
        return principal.subject === wanted;
      case "oncall":
        return principal.onCall?.includes(wanted) === true;
      default:
        return false;
    }
  });
}
