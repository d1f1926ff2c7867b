import { describe, expect, test } from "vitest";
import { linesOf, parseSource } from "./source-file.js";

const imports = (text: string) => parseSource("cli/src/a.ts", text).imports;

describe("imports are found", () => {
  test.each<[string, string, object]>([
    ["plain", 'import { a } from "x";', { specifier: "x", typeOnly: false, dynamic: false }],
    ["over several lines", 'import {\n  a,\n  b,\n} from "x";', { specifier: "x", line: 1 }],
    ["for their effect", 'import "x";', { specifier: "x" }],
    ["of types", 'import type { a } from "x";', { specifier: "x", typeOnly: true }],
    ["with a type among values", 'import { type a, b } from "x";', { specifier: "x", typeOnly: false }],
    ["passed on", 'export * from "x";', { specifier: "x" }],
    ["of types, passed on", 'export type { a } from "x";', { specifier: "x", typeOnly: true }],
    ["later", 'const a = await import("x");', { specifier: "x", dynamic: true }],
    ["by require", 'const a = require("x");', { specifier: "x", dynamic: true }],
    ["as the type of a value", 'let a: typeof import("x");', { specifier: "x", dynamic: true }],
    ["in a hole of a template", "const a = `$" + "{await import('x')}`;", { specifier: "x", dynamic: true }],
    [
      "after a regular expression with a quote",
      'const r = /["\']/;\nimport { a } from "x";',
      { specifier: "x", line: 2 },
    ],
    ["after a division", 'const r = a / b;\nimport { c } from "x"; // /', { specifier: "x", line: 2 }],
    [
      "after a template with a brace",
      "const t = `}$" + '{{ a: "}" }}`;\nimport { c } from "x";',
      { specifier: "x", line: 2 },
    ],
  ])("%s", (_, text, expected) => {
    expect(imports(text)).toEqual([expect.objectContaining(expected)]);
  });

  test.each([
    ["comments", '// import { a } from "x";\n/* import "y"; */'],
    ["text", "const a = 'import { b } from \"x\";';"],
    ["templates", 'const a = `\nimport { b } from "x";\n`;'],
    ["words that end in import", 'reimport("x"); const from = "y";'],
  ])("but not in %s", (_, text) => {
    expect(imports(text)).toEqual([]);
  });
});

test("patterns are found in code, on their line, and not in text or comments", () => {
  const file = parseSource(
    "cli/src/a.ts",
    'process.exit(1);\n// process.exit(1)\nconst a = "process.exit(1)";\n`$' + "{process.exit(2)}`;",
  );
  expect(linesOf(file, /process\.exit/g)).toEqual([1, 4]);
});
