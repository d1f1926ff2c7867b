import { printable } from "@phi/shared/text";
import { type Paint, PLAIN } from "./paint.js";
import type { Terminal } from "./terminal.js";
import { displayWidth, fitWidth } from "./width.js";

export interface Column<Row> {
  readonly head: string;
  /** The cell's text. May come from others: it is made {@link printable} here. */
  readonly cell: (row: Row) => string;
  readonly style?: (text: string, row: Row, paint: Paint) => string;
  /** May be cut when the terminal is too narrow; among several the widest is cut first. */
  readonly shrinks?: boolean;
}

const GAP = 2;
const NARROWEST = 8;

/**
 * Rows as lines. On a terminal: a heading, aligned columns, cut to its width. Anywhere else: no heading, no padding, one
 * tab between cells, nothing cut, so that `cut -f` and `awk -F'\t'` work.
 */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  look: { columns: number; paint: Paint } | undefined,
): string[] {
  const cells = rows.map((row) => columns.map((column) => printable(column.cell(row))));
  if (look === undefined) return cells.map((line) => line.join("\t"));
  const widths = columns.map((column, at) =>
    Math.max(displayWidth(column.head), ...cells.map((line) => displayWidth(line[at] ?? ""))),
  );
  shrink(columns, widths, look.columns);
  const lineOf = (texts: readonly string[], style: (text: string, at: number) => string) =>
    texts
      .map((text, at) => {
        const cut = fitWidth(text, widths[at] ?? 0);
        const padding = at === texts.length - 1 ? "" : " ".repeat((widths[at] ?? 0) - displayWidth(cut));
        return style(cut, at) + padding;
      })
      .join(" ".repeat(GAP))
      .trimEnd();
  return [
    lineOf(
      columns.map((column) => column.head),
      (text) => look.paint.faint(text),
    ),
    ...rows.map((row, index) =>
      lineOf(cells[index] ?? [], (text, at) => columns[at]?.style?.(text, row, look.paint) ?? text),
    ),
  ];
}

/** Prints a table as data. */
export function writeTable<Row>(
  terminal: Terminal,
  paint: Paint,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): void {
  const isTty = terminal.stdout.isTTY === true;
  const look = isTty
    ? { columns: terminal.stdout.columns ?? 80, paint: terminal.colour.stdout ? paint : PLAIN }
    : undefined;
  for (const line of tableLines(columns, rows, look)) terminal.stdout.write(`${line}\n`);
}

function shrink(columns: readonly Column<never>[], widths: number[], available: number): void {
  const total = () => widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1));
  while (total() > available) {
    let widest: number | undefined;
    columns.forEach((column, at) => {
      const width = widths[at] ?? 0;
      if (column.shrinks === true && width > NARROWEST && (widest === undefined || width > (widths[widest] ?? 0)))
        widest = at;
    });
    if (widest === undefined) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}
