import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { promptText } from "../commands/prompt.js";
import { keepLaterEnd, laterEnd } from "./later-end.js";

const id = "req_7k3m9q2x4v8a";
let env: Record<string, string>;
beforeEach(() => {
  env = { XDG_STATE_HOME: mkdtempSync(path.join(tmpdir(), "phi-ends-")) };
});
afterEach(() => rmSync(env.XDG_STATE_HOME ?? "", { recursive: true }));

test("the prompt of a shell that runs already says the time that is left of an extended window", () => {
  const now = Date.now();
  const shell = {
    ...env,
    PHI_RESOURCE: "db-prod",
    PHI_REQUEST: id,
    PHI_EXPIRES_AT: new Date(now - 1_000).toISOString(),
  };
  expect(promptText(shell, now)).toBe("db-prod over");
  keepLaterEnd(env, id, now + 14.5 * 60_000);
  expect(promptText(shell, now)).toBe("db-prod 14m");
  expect(promptText({ ...shell, PHI_REQUEST: "req_another00000" }, now)).toBe("db-prod over");
  // An older end than the shell was told is none.
  const later = { ...shell, PHI_EXPIRES_AT: new Date(now + 3_600_000).toISOString() };
  expect(promptText(later, now)).toBe("db-prod 1h");
});

test("what is over is removed with the next one, and what is not such a file is not looked at", () => {
  keepLaterEnd(env, id, Date.now() - 1);
  keepLaterEnd(env, "req_another00000", Date.now() + 60_000);
  const directory = path.join(env.XDG_STATE_HOME ?? "", "phi", "ends");
  expect(readdirSync(directory)).toEqual(["req_another00000"]);
  for (const wrong of ["../profiles/default", "", "req_x"]) {
    keepLaterEnd(env, wrong, Date.now() + 60_000);
    expect(laterEnd(env, wrong)).toBeUndefined();
  }
  writeFileSync(path.join(directory, id), "tomorrow\n");
  expect(laterEnd(env, id)).toBeUndefined();
  rmSync(path.join(directory, id));
  mkdirSync(path.join(directory, id));
  expect(() => keepLaterEnd(env, id, Date.now())).not.toThrow();
});
