import { newId } from "@phi/shared/ids";
import { type Instant, toRfc3339 } from "@phi/shared/time";
import type { ApprovedMove } from "../domain/approve.js";
import type { AuditEntry } from "../domain/audit-event.js";
import { type ExtendedMove, extendedUntil } from "../domain/extension.js";
import type { Principal } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import type { Change } from "../ports/change.js";

/** What goes into the batch of a request's last yes besides the request itself: the beginning of its window, or more time for the window that it extends. */
export function withLastYes(
  { id, resource, duration, extends: extension }: Pick<Request, "id" | "resource" | "duration" | "extends">,
  move: ApprovedMove | ExtendedMove,
  { at, actor }: { readonly at: Instant; readonly actor: Principal | undefined },
): { readonly follow: NonNullable<Change["follow"]>; readonly events: readonly AuditEntry[] } {
  if (extension !== undefined) {
    const until = extendedUntil(extension, duration);
    const data = { extension: id, duration, from: toRfc3339(extension.from), until: toRfc3339(until) };
    return {
      follow: [{ do: "extend_window", extension, until }],
      events: [{ id: newId("event"), at, kind: "request.extended", actor, resource, requestId: extension.of, data }],
    };
  }
  if (move.to !== "active") return { follow: [], events: [] };
  const started = { id: newId("event"), at, kind: "request.started", actor, resource, requestId: id } as const;
  return { follow: [], events: [{ ...started, data: { starts: "approval" } }] };
}
