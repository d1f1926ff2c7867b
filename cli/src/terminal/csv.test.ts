import { expect, test } from "vitest";
import { csvLine } from "./csv.js";

test("fields are quoted, and none begins a formula", () => {
  expect(csvLine(["a", 'say "hi", you', "", "two\nlines"])).toBe('"a","say ""hi"", you","","two\nlines"\r\n');
  for (const begin of ["=", "+", "-", "@", "\t", "\r"]) expect(csvLine([`${begin}1`])).toBe(`"'${begin}1"\r\n`);
});
