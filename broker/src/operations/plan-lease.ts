import { newId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import { CREATE_WITHIN } from "../domain/lease.js";
import type { Issuing } from "../domain/lease-moves.js";
import { windowEnd } from "../domain/request.js";
import type { Usable } from "./find-usable-request.js";
import type { Target } from "./open-target.js";

/** The lease that is put on record before anything is made: its handle names what the target will create, and until when it may. */
export function planLease(
  request: Usable,
  target: Target,
  { use, brokerTag, now }: { readonly use: "command" | "window"; readonly brokerTag: string; readonly now: Instant },
): Issuing {
  const id = newId("lease");
  const handle = target.provider.plan(brokerTag, id);
  return {
    id,
    requestId: request.id,
    sessionId: newId("session"),
    resource: request.resource,
    kind: target.resource.kind,
    use,
    handle,
    handleText: target.provider.describe(handle),
    epoch: 0,
    createdAt: now,
    createBy: now + CREATE_WITHIN,
    expiresAt: windowEnd(request, now),
    state: "issuing",
  };
}
