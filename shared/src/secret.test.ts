import { inspect } from "node:util";
import { expect, it } from "vitest";
import { Secret } from "./secret.js";

it("a secret turns into [secret] wherever a value turns into text, and only reveal() gives it", () => {
  const secret = new Secret("hunter2");
  const holder = { nested: [secret], message: `password ${secret}` };
  for (const text of [
    String(secret),
    JSON.stringify(holder),
    inspect(holder, { depth: 9, showHidden: true }),
    `${secret}`,
    Object.keys(secret).join(),
  ]) {
    expect(text).not.toContain("hunter2");
  }
  expect(structuredClone({ ...secret })).toEqual({});
  expect(secret.reveal()).toBe("hunter2");
});
