import type { SessionView } from "@phi/shared/contract/session";
import { printable } from "@phi/shared/text";

/** `runs`, or how it ended: its code or signal, and what ended it when that was not the command itself. */
export function endWords({ endedAt, exitCode, signal, endedBecause }: SessionView): string {
  if (endedAt === undefined) return "runs";
  const how = signal ?? (exitCode === undefined ? "" : `code ${exitCode}`);
  const why = endedBecause === undefined || endedBecause === "command_ended" ? "" : endedBecause.replaceAll("_", " ");
  return printable([how, why].filter((words) => words !== "").join(", "), 80);
}
