/**
 * One row as RFC 4180 has it: every field quoted, CRLF at the end. A field that a spreadsheet would take for a formula begins with an
 * apostrophe (OWASP, "CSV Injection"): names are chosen by people.
 */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => `"${(/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell).replaceAll('"', '""')}"`).join(",")}\r\n`;
}
