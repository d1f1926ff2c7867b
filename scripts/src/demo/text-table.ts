/** Rows as psql shows them. */
export function textTable(rows: readonly Record<string, unknown>[], head = Object.keys(rows[0] ?? {})): string[] {
  const cells = rows.map((row) => head.map((name) => String(row[name] ?? "")));
  const widths = head.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    ` ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")}`.trimEnd();
  const count = `(${rows.length} ${rows.length === 1 ? "row" : "rows"})`;
  if (head.length === 0) return [count];
  return [line(head), widths.map((width) => "-".repeat(width + 2)).join("+"), ...cells.map(line), count];
}
