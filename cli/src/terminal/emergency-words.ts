import type { RequestView } from "@phi/shared/contract/request";
import { printable } from "@phi/shared/text";
import type { Instant } from "@phi/shared/time";
import { personWords } from "./request-words.js";
import { timeForPeople } from "./times.js";

/** `EMERGENCY, to be reviewed`, to stand beside the state in every list; nothing for what was asked for as usual. */
export function emergencyMark({ emergency }: RequestView, now: Instant): string | undefined {
  if (emergency === undefined) return undefined;
  const { review, reviewBy } = emergency;
  if (review !== undefined) return `EMERGENCY, ${review.verdict === "ok" ? "reviewed" : "FLAGGED"}`;
  return now >= Date.parse(reviewBy) ? "EMERGENCY, review OVERDUE" : "EMERGENCY, to be reviewed";
}

/** Who must look at it until when, or what was found. */
export function reviewWords({ emergency }: RequestView, now: Instant): string | undefined {
  if (emergency === undefined) return undefined;
  const { review, reviewers, reviewBy } = emergency;
  if (review === undefined) {
    const who = reviewers.map((reviewer) => printable(reviewer, 120)).join(" or ");
    return `by ${who}, until ${timeForPeople(Date.parse(reviewBy), now)}`;
  }
  const found = review.verdict === "ok" ? "ok" : "FLAGGED";
  return `${found} by ${personWords(review.by)}, ${timeForPeople(Date.parse(review.at), now)}: ${printable(review.reason)}`;
}
