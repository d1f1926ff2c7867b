import type { RequestView } from "@phi/shared/contract/request";
import { formatDuration } from "@phi/shared/duration";
import type { Instant } from "@phi/shared/time";
import { emergencyMark } from "./emergency-words.js";
import { overdueLeases, paintState, personWords, stateWords, untilWords } from "./request-words.js";
import type { Column } from "./table.js";

/** The columns of every list of requests. */
export function requestColumns(now: Instant): Column<RequestView>[] {
  return [
    { head: "ID", cell: (view) => view.request },
    { head: "WHO", cell: (view) => personWords(view.requester), shrinks: true },
    { head: "RESOURCE", cell: (view) => view.resource, shrinks: true },
    { head: "ROLE", cell: (view) => view.role, shrinks: true },
    { head: "FOR", cell: (view) => `${view.extends === undefined ? "" : "+"}${formatDuration(view.duration)}` },
    {
      head: "STATE",
      cell: (view) => {
        const overdue = overdueLeases(view).length;
        const parts = [stateWords(view), overdue === 0 ? undefined : `${overdue} OVERDUE`, emergencyMark(view, now)];
        return parts.filter((part) => part !== undefined).join(", ");
      },
      style: (text, view, paint) => paintState(text, view, paint),
    },
    { head: "UNTIL", cell: (view) => untilWords(view, now) },
    { head: "WHY", cell: (view) => view.reason ?? "", shrinks: true },
  ];
}
