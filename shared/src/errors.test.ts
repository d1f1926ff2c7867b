import { expect, it } from "vitest";
import { CATALOGUE, isErrorCode, PhiError } from "./errors.js";

it("every error has a status of a failure, an exit code that is not success, and a title that reads as a sentence", () => {
  for (const [code, { status, exit, title }] of Object.entries(CATALOGUE)) {
    expect(status, code).toBeGreaterThanOrEqual(400);
    expect(exit, code).toBeGreaterThan(0);
    expect(exit, code).toBeLessThan(128);
    expect(title, code).toMatch(/^[A-Za-z].*[A-Za-z]$/);
  }
});

it("a code from outside is taken only when the catalogue has it", () => {
  expect(isErrorCode("not_found")).toBe(true);
  for (const word of ["toString", "__proto__", "", 5, null, undefined, "NOT_FOUND"])
    expect(isErrorCode(word)).toBe(false);
});

it("an error carries its catalogue's status and exit code", () => {
  const error = new PhiError("sign_in_expired", "Your sign-in has ended.", { hint: "phi login" });
  expect({ status: error.status, exit: error.exit, hint: error.hint }).toEqual({
    status: 401,
    exit: 4,
    hint: "phi login",
  });
});
