import type { RecordingRules } from "@phi/shared/contract/recording";

/** One configured target, without its adapter: what policy and people know of it. */
export interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly description?: string | undefined;
  /** Parsed by its kind's own schema. */
  readonly config: unknown;
  /** Role name → what the kind's own schema made of it. */
  readonly roles: ReadonlyMap<string, unknown>;
  /** By role, what is recorded of the sessions under it; none of the others is. */
  readonly recordings?: ReadonlyMap<string, RecordingRules> | undefined;
}
