import type { Calendars } from "../domain/on-call.js";
import type { Policy } from "../domain/policy/policy.js";
import type { Resource } from "../domain/resource.js";
import type { Provider } from "./provider.js";

/** What is configured: resources with their adapters, and the policy. */
export interface Catalogue {
  /** The policy in force now, with the calendars as they are known now; it can be another at the next call. */
  policy(): Policy;
  /** What is known now of who is on call. */
  calendars(): Calendars;
  readonly resources: readonly Resource[];
  resource(name: string): Resource | undefined;
  provider(kind: string): Provider | undefined;
}
