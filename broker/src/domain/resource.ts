/** One configured target, without its adapter: what policy and people know of it. */
export interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly description?: string | undefined;
  /** Parsed by its kind's own schema. */
  readonly config: unknown;
  /** Role name → what the kind's own schema made of it. */
  readonly roles: ReadonlyMap<string, unknown>;
}
