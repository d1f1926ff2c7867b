import { describe, expect, test } from "vitest";
import { createMarkScanner } from "./monitor.js";

const MARK = "phi-0123456789abcdef01234567";
const stopped = `\u001b_${MARK}:stopped\u001b\\`;
const ended = `\u001b_${MARK}:ended\u001b\\`;

function scan(reads: readonly string[]): string {
  const scanner = createMarkScanner(MARK);
  const pieces = reads.flatMap((read) => scanner.push(Buffer.from(read)));
  return [...pieces, scanner.rest()]
    .map((piece) => (typeof piece === "string" ? `<${piece}>` : piece.toString()))
    .join("");
}

describe("the monitor's marks", () => {
  test("are found and taken out wherever reads divide them, and everything else comes through as it was", () => {
    const text = `before\u001b[1m${stopped}between\u001b_other\u001b\\${ended}after`;
    const expected = "before\u001b[1m<stopped>between\u001b_other\u001b\\<ended>after";
    for (let one = 0; one <= text.length; one++) {
      expect(scan([text.slice(0, one), text.slice(one)])).toBe(expected);
      expect(scan([text.slice(0, one), text.slice(one, one + 3), text.slice(one + 3)])).toBe(expected);
    }
    expect(scan([...text])).toBe(expected);
  });

  test("are not held for ever: what only begins like one comes through", () => {
    expect(scan([`\u001b_${MARK}:`, "stop it, please"])).toBe(`\u001b_${MARK}:stop it, please`);
    expect(scan([`\u001b_${MARK}:stopped`])).toBe(`\u001b_${MARK}:stopped`);
    expect(scan(["a\u001b"])).toBe("a\u001b");
  });
});
