import type { Caller } from "../domain/caller.js";
import type { Lock } from "../domain/lock.js";
import type { Locks } from "../ports/locks.js";
import type { createListResources } from "./list-resources.js";

/** Locks in force that concern the caller: all for admins and auditors, for others those on what they may ask for. */
export function createListLocks({
  locks,
  listResources,
}: {
  readonly locks: Locks;
  readonly listResources: ReturnType<typeof createListResources>;
}) {
  return async function listLocks({ principal, mayAudit }: Caller): Promise<Lock[]> {
    const inForce = await locks.inForce();
    if (mayAudit || inForce.length === 0) return inForce;
    const offered = new Set(listResources(principal).map(({ resource }) => resource.name));
    return inForce.filter(({ target }) => target.on === "resource" && offered.has(target.resource));
  };
}
