import { PhiError } from "@phi/shared/errors";
import { describe, expect, it } from "vitest";
import { asPhiError } from "./as-phi-error.js";
import { errorText, type ReportOptions } from "./report-error.js";

const plain: ReportOptions = { json: false, noColor: true, debug: false };

describe("an error as it is shown", () => {
  it("is one line that says what happened and one that says what to type next", () => {
    const error = new PhiError("no_usable_request", "You have no approved request.", { hint: "phi request db-prod" });
    expect(errorText(error, plain)).toEqual({
      exit: 5,
      text: "phi: You have no approved request.\n      phi request db-prod\n",
    });
  });

  it("carries nothing that acts on a terminal", () => {
    const { text } = errorText(new PhiError("bad_answer", "a\u001b[2J\rb\u202e", { hint: "c\nd" }), plain);
    expect(text).toBe("phi: a[2J b\n      c d\n");
  });

  it("is one JSON object for programs", () => {
    const error = new PhiError("several_usable_requests", "Two.", { hint: "say which", data: { requests: [] } });
    const { text } = errorText(error, { ...plain, json: true, exitFor: () => 125 });
    expect(JSON.parse(text)).toEqual({
      error: { code: "several_usable_requests", message: "Two.", hint: "say which", exit: 125, data: { requests: [] } },
    });
  });

  it("for programs carries nothing that acts on a terminal either, and what the broker sent stays in data", () => {
    const data = { exit: 0, code: "x", evil: "\u009b2J\u202e" };
    const { text } = errorText(new PhiError("bad_answer", "No.", { data }), { ...plain, json: true });
    expect(text).not.toMatch(/[\u009b\u202e]/);
    expect(JSON.parse(text)).toEqual({ error: { code: "bad_answer", message: "No.", exit: 1, data } });
  });

  it("of a defect gives its name only, because its message may hold anything; the stack with PHI_DEBUG", () => {
    const secret = new TypeError("password is hunter2");
    expect(errorText(secret, plain)).toMatchObject({
      exit: 1,
      text: expect.stringMatching(/defect of phi \(TypeError\)/),
    });
    expect(errorText(secret, plain).text).not.toContain("hunter2");
    expect(errorText(secret, { ...plain, debug: true }).text).toContain("report-error.test");
    expect(errorText("thrown text", plain).text).toContain("(string)");
  });

  it("is known by its shape when it comes from another bundle", () => {
    const other = Object.assign(new Error("x"), { name: "PhiError", code: "window_over", hint: "y" });
    expect(asPhiError(other)).toMatchObject({ code: "window_over", hint: "y", exit: 6 });
    expect(asPhiError(Object.assign(new Error("x"), { code: "ENOENT" }))).toBeUndefined();
    expect(asPhiError("x")).toBeUndefined();
  });
});
