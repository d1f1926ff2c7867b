import { newId } from "@phi/shared/ids";
import { toRfc3339 } from "@phi/shared/time";
import type { Request } from "../domain/request.js";
import type { Clock } from "../ports/clock.js";
import type { ReminderKind, Reminders } from "../ports/reminders.js";

/** People are told so long, in ms, before their window ends; if it is longer than twice that. */
const BEFORE_END = 5 * 60_000;

/** Records what people should be told because time has passed; the channels read it in the log. Resolves with how many there were. */
export function createRemind({
  reminders,
  clock,
  remindAfter,
  escalateAfter,
}: {
  readonly reminders: Reminders;
  readonly clock: Clock;
  /** Seconds without an answer; `undefined`: never. */
  readonly remindAfter: number | undefined;
  readonly escalateAfter: number | undefined;
}) {
  return async function remind(): Promise<number> {
    const now = clock.now();
    const lists = await Promise.all([
      told("request.expiring", reminders.expiring(now, now + BEFORE_END, (2 * BEFORE_END) / 1_000)),
      unanswered("request.reminded", remindAfter),
      unanswered("request.escalated", escalateAfter),
    ]);
    return lists.flat().filter(Boolean).length;

    function unanswered(kind: "request.reminded" | "request.escalated", after: number | undefined) {
      return after === undefined ? [] : told(kind, reminders.unanswered(kind, now - after * 1_000));
    }

    async function told(kind: ReminderKind, found: Promise<Request[]>): Promise<boolean[]> {
      return Promise.all(
        (await found).map((request) =>
          reminders.record(request, kind, {
            id: newId("event"),
            at: now,
            kind,
            resource: request.resource,
            requestId: request.id,
            data:
              request.state === "active"
                ? { expiresAt: toRfc3339(request.expiresAt) }
                : { askedAt: toRfc3339(request.createdAt) },
          }),
        ),
      );
    }
  };
}
