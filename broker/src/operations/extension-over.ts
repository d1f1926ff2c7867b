import { formatDuration } from "@phi/shared/duration";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { type Instant, toRfc3339 } from "@phi/shared/time";
import type { Request } from "../domain/request.js";
import type { Ledger } from "../ports/ledger.js";

/**
 * A yes comes too late for an extension whose window has passed its end, also while nobody has closed that yet: the extension lapses, and
 * the yes is refused.
 *
 * @throws PhiError `window_over`
 */
export async function assertWindowOpen(ledger: Pick<Ledger, "commit">, request: Request, at: Instant): Promise<void> {
  const { extends: extension, id, resource, duration } = request;
  if (extension === undefined || at < extension.from) return;
  await ledger.commit({
    guard: {
      do: "advance_request",
      id,
      from: "pending",
      to: "lapsed",
      dueAt: null,
      set: { endedAt: at, endComment: "the access that it was to extend is over" },
    },
    events: [
      {
        id: newId("event"),
        at,
        kind: "request.lapsed",
        resource,
        requestId: id,
        data: { because: "access_over", extends: extension.of },
      },
    ],
  });
  throw new PhiError(
    "window_over",
    `${extension.of}, which ${id} was to extend by ${formatDuration(duration)}, ended at ${toRfc3339(extension.from)}.`,
    { hint: `phi show ${extension.of}` },
  );
}
