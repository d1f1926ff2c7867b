import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.js";

test("the example of RFC 8785 §3.2.2 has the text of the RFC, within what phi records", () => {
  const value = {
    numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\u002f",
    literals: [null, true, false],
  };
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test("keys are sorted by UTF-16 code units (RFC 8785 §3.2.3)", () => {
  const value = { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7 };
  expect(Object.values(JSON.parse(canonicalJson(value)) as object)).toHaveLength(7);
  expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
});

test("any JSON value comes back from its canonical text, and has only one", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = canonicalJson(value);
      const back = JSON.parse(text) as unknown;
      expect(canonicalJson(back)).toBe(text);
      // As written elsewhere, but for the order of keys and for -0, which is 0 in canonical JSON.
      expect(back).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test.each([
  [Number.NaN],
  [Number.POSITIVE_INFINITY],
  ["\ud800"],
  [{ "\udc00": 1 }],
  [1n],
  [() => 1],
  [Symbol("s")],
  [[undefined]],
])("%s is refused", (value) => {
  expect(() => canonicalJson(value)).toThrow(TypeError);
});

test("an absent field and an undefined one are the same; endless nesting is refused", () => {
  expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
  let deep: unknown = 1;
  for (let level = 0; level < 40; level++) deep = [deep];
  expect(() => canonicalJson(deep)).toThrow(TypeError);
});
