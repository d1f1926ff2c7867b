import { newId } from "@phi/shared/ids";
import { toRfc3339 } from "@phi/shared/time";
import type { Ledger } from "../ports/ledger.js";

/** Late reviews that are told of at once; the rest at the next pass. */
const AT_ONCE = 100;

/** Every emergency whose review should be there by `now` and is not has one `review.overdue`, which names who is to be told. */
export async function tellLateReviews(ledger: Ledger, now: number): Promise<void> {
  const late = await ledger.lateReviews(now, AT_ONCE);
  await Promise.all(
    late.map(({ id, resource, requester, emergency }) =>
      ledger.commit({
        guard: { do: "mark_review_overdue", id },
        events: [
          {
            id: newId("event"),
            at: now,
            kind: "review.overdue",
            resource,
            requestId: id,
            data: {
              requester: requester.name,
              reviewers: emergency?.reviewers,
              notify: emergency?.notify,
              reviewBy: toRfc3339(emergency?.reviewBy ?? now),
            },
          },
        ],
      }),
    ),
  );
}
