import { userInfo } from "node:os";
import { formatDuration } from "@phi/shared/duration";

/** Options that every operator's command has. */
export interface OperatorOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** The account that runs the command, for the audit log. */
export function operator(): string {
  try {
    const { username, uid } = userInfo();
    return `${username} (uid ${uid})`;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}

/** Data on standard output: one JSON document, or lines. */
export function print(options: { readonly json?: boolean }, value: unknown, lines: readonly string[]): void {
  process.stdout.write(
    options.json === true ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join(""),
  );
}

/** Columns, each as wide as its widest cell. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** How long ago, in words, as seen at `at` (both RFC 3339). */
export function ago(at: string, instant: string): string {
  const seconds = Math.round((Date.parse(at) - Date.parse(instant)) / 1_000);
  return seconds < 1 ? "now" : `${formatDuration(seconds)} ago`;
}
