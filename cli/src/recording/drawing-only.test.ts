import { describe, expect, test } from "vitest";
import { createDrawingFilter } from "./drawing-only.js";

const ESC = "\u001b";
const filtered = (text: string) => createDrawingFilter().push(text);

/** What a terminal would act on, or answer to. */
const DANGEROUS: readonly (readonly [what: string, sequence: string])[] = [
  ["the clipboard", `${ESC}]52;c;cm0gLXJmIH4=\u0007`],
  ["the clipboard, ended by ST", `${ESC}]52;c;cm0gLXJmIH4=${ESC}\\`],
  ["the title", `${ESC}]0;owned\u0007`],
  ["a link", `${ESC}]8;;https://evil.example${ESC}\\`],
  ["a notification", `${ESC}]777;notify;a;b\u0007`],
  ["the colours", `${ESC}]11;?${ESC}\\`],
  ["the answerback", "\u0005"],
  ["where the cursor is", `${ESC}[6n`],
  ["what the terminal is", `${ESC}[c`],
  ["what the terminal is, secondary", `${ESC}[>c`],
  ["which version", `${ESC}[>q`],
  ["the window", `${ESC}[21t`],
  ["a mode, asked", `${ESC}[?25$p`],
  ["printing", `${ESC}[5i`],
  ["the mouse", `${ESC}[?1003h`],
  ["pasting", `${ESC}[?2004h`],
  ["keys", `${ESC}[?1h${ESC}=${ESC}[>1u`],
  ["a setting, asked", `${ESC}P$qm${ESC}\\`],
  ["keys defined", `${ESC}P1;1|17/6c730a${ESC}\\`],
  ["tmux", `${ESC}Ptmux;${ESC}${ESC}]52;c;AA==\u0007${ESC}\\`],
  ["a program command", `${ESC}_hello${ESC}\\`],
  ["a privacy message", `${ESC}^hello${ESC}\\`],
  ["a C1 string", "\u009d52;c;AA==\u009c"],
  ["a C1 sequence", "\u009b6n"],
  ["a soft reset", `${ESC}[!p`],
];

describe("what a replay draws", () => {
  test.each(DANGEROUS)("%s is taken out, whole or in pieces", (_what, sequence) => {
    const all = filtered(`a${sequence}b`);
    expect(all).toMatch(/^a.*b$/s);
    // What is left of it can be text, and can be nothing that a terminal acts on.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: just these
    expect(all).not.toMatch(/[\u001b\u0005\u0080-\u009f]/);
    const filter = createDrawingFilter();
    expect([..."a", ...sequence, "b"].map((character) => filter.push(character)).join("")).toBe(all);
  });

  test.each([
    `${ESC}[1;31mred${ESC}[0m`,
    `${ESC}[38:2::1:2:3mrgb`,
    `${ESC}[2J${ESC}[H${ESC}[3;4H${ESC}[K${ESC}[2K`,
    `${ESC}[?1049h${ESC}[1;24r${ESC}[?25l`,
    `${ESC}(0lqk${ESC}(B`,
    `${ESC}7${ESC}8${ESC}M${ESC}D${ESC}E`,
    `${ESC}[4h${ESC}[4l${ESC}[2 q`,
    `${ESC}[10L${ESC}[2M${ESC}[3P${ESC}[5@${ESC}[2S`,
    "tab\tback\b\r\nfeed\u000b\f bell\u0007",
    "日本語 🙂 é",
  ])("%j is drawn as it is", (text) => expect(filtered(text)).toBe(text));

  test("a full reset empties the screen and changes no settings; endless sequences end", () => {
    expect(filtered(`${ESC}c`)).toBe(`${ESC}[0m${ESC}[r${ESC}[2J${ESC}[H`);
    expect(filtered(`${ESC}[${"1;".repeat(1_000)}mx`)).not.toContain(ESC);
    expect(filtered(`${ESC}[${ESC}[31mx`)).toBe(`${ESC}[31mx`);
  });

  test("the direction of writing stays as it is", () => {
    expect(filtered("a\u202eb\u2066c")).toBe("abc");
  });
});
