import type { SessionView } from "@phi/shared/contract/session";
import type { Instant } from "@phi/shared/time";
import type { Column } from "../terminal/table.js";
import { clockTime, shortLength } from "../terminal/times.js";
import { typedCommand } from "../terminal/typed-command.js";
import { endWords } from "./session-words.js";

/** The columns of a list of sessions. */
export function sessionColumns(now: Instant): Column<SessionView>[] {
  return [
    { head: "SESSION", cell: (view) => view.session },
    { head: "WHO", cell: (view) => view.principal.name, shrinks: true },
    { head: "ON", cell: (view) => `${view.resource} as ${view.role}`, shrinks: true },
    {
      head: "COMMAND",
      cell: (view) => typedCommand(view.command),
      shrinks: true,
      style: (text, _, paint) => paint.strong(text),
    },
    { head: "BEGAN", cell: (view) => clockTime(Date.parse(view.startedAt), now) },
    { head: "TOOK", cell: (view) => tookWords(view, now) },
    { head: "ENDED", cell: endWords },
    { head: "RECORDING", cell: recordingWords },
  ];
}

function tookWords({ startedAt, endedAt }: SessionView, now: Instant): string {
  const end = endedAt === undefined ? now : Date.parse(endedAt);
  return shortLength(Math.max(1_000, end - Date.parse(startedAt)));
}

function recordingWords({ recording }: SessionView): string {
  if (recording === undefined) return "-";
  const words = {
    running: "now",
    complete: "yes",
    cut: "too long, cut",
    failed: "broke off",
    unfinished: "no end",
    removed: "removed",
  };
  return words[recording.state];
}
