import { describe, expect, it } from "vitest";
import { hasUnsafeText, nearest, printable } from "./text.js";

describe("printable", () => {
  it.each([
    ["\u001b[2J\u001b[31mred", "[2J[31mred"],
    ["\u001b]0;title\u0007x", "]0;titlex"],
    ["\u009b31m", "31m"],
    ["one\r\ntwo\tthree", "one two three"],
    ["\u202egnp.exe", "gnp.exe"],
    ["zero\u200bwidth\ufeff", "zerowidth"],
    ["line\u2028separator", "lineseparator"],
    ["grüße 日本 🙂", "grüße 日本 🙂"],
  ])("%j becomes %j", (text, safe) => {
    expect(printable(text)).toBe(safe);
    expect(hasUnsafeText(safe)).toBe(false);
  });

  it("leaves nothing that could act, whatever goes in", () => {
    let all = "";
    for (let code = 0; code < 0x3000; code++) all += String.fromCharCode(code);
    const safe = printable(all, 100_000);
    expect(hasUnsafeText(safe)).toBe(false);
    for (const character of safe) expect(character.charCodeAt(0)).toBeGreaterThanOrEqual(0x20);
    expect(printable(safe, 100_000)).toBe(safe);
  });

  it("is cut to its limit", () => {
    expect(printable("x".repeat(50), 10)).toBe(`${"x".repeat(9)}…`);
  });

  it("takes half a surrogate pair for unsafe", () => expect(hasUnsafeText("a\ud800b")).toBe(true));
});

describe("nearest", () => {
  it("finds what was probably meant", () => {
    expect(nearest("db-prdo", ["db-prod", "cache"])).toBe("db-prod");
    expect(nearest("readonyl", ["readonly", "readwrite"])).toBe("readonly");
    expect(nearest("aprove", ["approve", "deny"])).toBe("approve");
  });

  it("says nothing rather than something far off", () => {
    expect(nearest("kafka", ["db-prod", "cache"])).toBeUndefined();
    expect(nearest("x".repeat(500), ["db-prod"])).toBeUndefined();
    expect(nearest("", [])).toBeUndefined();
  });
});
