import { describe, expect, it } from "vitest";
import { newId, parseId, parseIdPrefix, randomText } from "./ids.js";

describe("an id", () => {
  it("is read back as it was made, and as people type it", () => {
    for (let round = 0; round < 200; round++) {
      const id = newId("request");
      expect(parseId("request", id)).toBe(id);
      expect(parseId("request", ` ${id.toUpperCase()} `)).toBe(id);
    }
  });

  it("forgives the letters that look like digits", () => {
    expect(parseId("request", "req_OIL3456789ab")).toBe("req_0113456789ab");
  });

  it("is not another kind's, nor anything longer, shorter or stranger", () => {
    const id = newId("request");
    expect(parseId("lease", id)).toBeUndefined();
    for (const bad of [
      "",
      "req_",
      id.slice(0, -1),
      `${id}a`,
      `${id.slice(0, -1)}%`,
      `${id.slice(0, -1)}u`,
      "x".repeat(1_000),
    ]) {
      expect(parseId("request", bad), bad).toBeUndefined();
    }
  });

  it("may be shortened to four characters and no further", () => {
    expect(parseIdPrefix("request", "REQ_ab12")).toBe("req_ab12");
    expect(parseIdPrefix("request", "req_ab1")).toBeUndefined();
    expect(parseIdPrefix("request", "req_ab%_")).toBeUndefined();
  });

  it("of an event is greater than the one before, so that what is sorted by it grows at its end", () => {
    const ids = Array.from({ length: 5_000 }, () => newId("event"));
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(parseId("event", id)).toBe(id);
  });

  it("does not repeat", () => {
    const many = new Set(Array.from({ length: 5_000 }, () => randomText(12)));
    expect(many.size).toBe(5_000);
  });
});
