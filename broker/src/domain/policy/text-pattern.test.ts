import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compilePattern } from "./text-pattern.js";
import { PatternMistake } from "./text-pattern-syntax.js";

describe("a text pattern", () => {
  it.each([
    ["INC-\\d+", ["INC-1", "INC-42"], ["INC-", "xINC-1", "INC-1 ", "inc-1", ""]],
    ["[A-Z]{2,5}-\\d{1,6}", ["AB-1", "ABCDE-123456"], ["A-1", "ABCDEF-1", "AB-1234567"]],
    [".*(INC|CHG)-\\d+.*", ["see INC-7, please", "CHG-1"], ["INC", "see nothing"]],
    ["^INC-\\d$", ["INC-1"], ["INC-12"]],
    ["(a|b)*c", ["c", "abbac"], ["abd", ""]],
    ["[^ ]+", ["word", "wörd", "😀"], ["two words", ""]],
    ["a{3}", ["aaa"], ["aa", "aaaa"]],
    ["a{2,}", ["aa", "aaaaa"], ["a"]],
    ["a?b?", ["", "a", "b", "ab"], ["ba"]],
    ["\\(\\.\\)", ["(.)"], ["(x)"]],
    ["[\\d.-]+", ["1.2-3"], ["a"]],
    ["(?:ab)+", ["abab"], ["aba"]],
    ["", [""], ["a"]],
  ])("%s means the whole text", (source, fitting, others) => {
    const fits = compilePattern(source);
    for (const text of fitting) expect(fits(text), text).toBe(true);
    for (const text of others) expect(fits(text), text).toBe(false);
  });

  it.each([
    "(",
    ")",
    "[",
    "[]",
    "[]-]",
    "*",
    "a**",
    "a{2",
    "a{5,2}",
    "(?=a)",
    "(?<n>a)",
    "\\1",
    "\\p{L}",
    "a^b",
    "a$b",
    "[z-a]",
    "\\",
    "a".repeat(201),
    "((a{99}){99}){99}",
    "(){999}(){999}(){999}",
  ])("%s is refused with a reason", (source) => {
    expect(() => compilePattern(source)).toThrow(PatternMistake);
  });

  it("answers as RegExp does, for every pattern of its syntax", () => {
    const leaf = fc.constantFrom("a", "b", "[ab]", "[^a]", ".", "\\d", "1", "\\w");
    const { pattern } = fc.letrec((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        leaf,
        fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `${a}${b}`),
        fc.tuple(tie("pattern"), tie("pattern")).map(([a, b]) => `(${a}|${b})`),
        fc.tuple(tie("pattern"), fc.constantFrom("*", "+", "?", "{2}", "{1,3}", "{0,}")).map(([a, n]) => `(${a})${n}`),
      ),
    }));
    fc.assert(
      fc.property(pattern, fc.array(fc.constantFrom("a", "b", "1", "-"), { maxLength: 8 }), (source, characters) => {
        fc.pre(typeof source === "string" && source.length <= 60);
        const text = characters.join("");
        expect(compilePattern(source as string)(text)).toBe(new RegExp(`^(?:${source})$`, "s").test(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it("that would stop RegExp for minutes takes milliseconds", () => {
    const fits = compilePattern("(a+)+(a|aa)+b");
    const began = performance.now();
    expect(fits("a".repeat(1_000))).toBe(false);
    expect(performance.now() - began).toBeLessThan(500);
  });
});
