/** What the reader of the demo sees: headings, who types what, what came back, and which promise was just checked. */
export interface Transcript {
  heading(text: string): void;
  /** A sentence between the steps. */
  remark(text: string): void;
  /** What somebody types. */
  typed(who: string, command: string): void;
  /** One line that a program really said. Tabs are shown as columns. */
  said(line: string): void;
  /** A promise that was checked and holds. */
  kept(promise: string): void;
  /** One that does not. */
  broken(promise: string, difference: string): void;
}

export function createTranscript(out: NodeJS.WriteStream): Transcript {
  const colour = out.isTTY === true && process.env.NO_COLOR === undefined && process.env.TERM !== "dumb";
  const paint = (code: string, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const line = (text = "") => out.write(`${text}\n`);
  let chapter = 0;
  let afterOutput = false;
  let afterBlank = false;
  /** Lines of tab-separated columns, held back until the last of them is known, to be shown in line. */
  let columns: string[][] = [];

  function showColumns(): void {
    const widths: number[] = [];
    for (const cells of columns) {
      for (const [column, cell] of cells.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
    for (const cells of columns)
      line(
        `    ${cells
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}`,
      );
    columns = [];
  }

  return {
    heading(text) {
      showColumns();
      chapter += 1;
      line(`\n\n${paint("1", `${chapter}. ${text}`)}`);
      afterOutput = false;
    },
    remark(text) {
      showColumns();
      line(`\n${text}`);
      afterOutput = false;
    },
    typed(who, command) {
      showColumns();
      afterBlank = false;
      line(`\n  ${paint("36", who.endsWith("#") ? who : `${who} $`)} ${paint("1", command)}`);
      afterOutput = true;
    },
    said(text) {
      if (text.includes("\t")) {
        columns.push(text.split("\t"));
        return;
      }
      showColumns();
      line(text === "" ? "" : `    ${text}`);
      afterBlank = text === "";
      afterOutput = true;
    },
    kept(promise) {
      showColumns();
      if (afterOutput && !afterBlank) line();
      line(`  ${paint("32", "✓")} ${promise}`);
      afterOutput = false;
    },
    broken(promise, difference) {
      showColumns();
      line(`\n  ${paint("31;1", "✗")} ${promise}`);
      for (const text of difference.split("\n")) line(`      ${text}`);
    },
  };
}
