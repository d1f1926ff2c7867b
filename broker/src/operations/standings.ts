import type { Instant } from "@phi/shared/time";

/** A target that has seen a newer ledger than this one: nothing is issued there, and nothing that the ledger does not know is touched. */
export interface Outdated {
  readonly since: Instant;
  /** What gave it away, for people. */
  readonly because: string;
}

/** How the ledger stands with each target, as of the last sweep. */
export interface Standings {
  outdated(resource: string): Outdated | undefined;
  set(resource: string, standing: Outdated | undefined): void;
}

export function createStandings(): Standings {
  const known = new Map<string, Outdated>();
  return {
    outdated: (resource) => known.get(resource),
    set(resource, standing) {
      if (standing === undefined) known.delete(resource);
      else known.set(resource, standing);
    },
  };
}
