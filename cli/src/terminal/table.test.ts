import { describe, expect, test } from "vitest";
import { PLAIN } from "./paint.js";
import { type Column, tableLines } from "./table.js";
import { displayWidth, fitWidth } from "./width.js";

interface Row {
  readonly id: string;
  readonly why: string;
}
const columns: Column<Row>[] = [
  { head: "ID", cell: (row) => row.id },
  { head: "WHY", cell: (row) => row.why, shrinks: true },
  { head: "END", cell: () => "end" },
];

describe("a table", () => {
  test("is as wide as the terminal at most, and cuts only what may be cut", () => {
    const rows = [{ id: "req_7k3m9q2x4v8a", why: "a reason that is much longer than the room that is left for it" }];
    for (const width of [40, 60, 80]) {
      const lines = tableLines(columns, rows, { columns: width, paint: PLAIN });
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
      expect(lines[1]).toContain("req_7k3m9q2x4v8a");
      expect(lines[1]?.endsWith("end")).toBe(true);
    }
  });

  test("keeps its columns straight with wide, combining and emoji characters", () => {
    const whys = ["plain", "日本語の理由", "e\u0301te\u0301", "👩‍👩‍👧 done", "🇩🇪", "한국어"];
    const lines = tableLines(
      columns,
      whys.map((why) => ({ id: "x", why })),
      { columns: 80, paint: PLAIN },
    );
    const starts = lines.slice(1).map((line) => displayWidth(line.slice(0, line.lastIndexOf("end"))));
    expect(new Set(starts).size).toBe(1);
  });

  test("piped it has no heading, no padding, and one tab between cells", () => {
    const long = "x".repeat(500);
    expect(
      tableLines(
        columns,
        [
          { id: "a", why: long },
          { id: "b", why: "tab\there" },
        ],
        undefined,
      ),
    ).toEqual([`a\t${long}\tend`, "b\ttab here\tend"]);
  });
});

describe("the width of text", () => {
  test("is counted in columns, not in code units", () => {
    expect(displayWidth("abc")).toBe(3);
    expect(displayWidth("日本")).toBe(4);
    expect(displayWidth("e\u0301")).toBe(1);
    expect(displayWidth("👩‍👩‍👧")).toBe(2);
    expect(displayWidth("\u001b[31mred\u001b[39m")).toBe(3);
  });

  test("is cut between characters, never inside one", () => {
    expect(fitWidth("日本語", 5)).toBe("日本…");
    expect(fitWidth("日本語", 4)).toBe("日…");
    expect(fitWidth("e\u0301e\u0301e\u0301", 2)).toBe("e\u0301…");
    expect(fitWidth("abc", 3)).toBe("abc");
    expect(fitWidth("abc", 0)).toBe("");
  });
});
