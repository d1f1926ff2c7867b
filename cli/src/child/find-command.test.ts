import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findCommand } from "./find-command.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "phi-find-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the search for a command", () => {
  it("takes the first file in PATH that may be run, past those that may not", () => {
    mkdirSync(path.join(folder, "a"));
    mkdirSync(path.join(folder, "b"));
    writeFileSync(path.join(folder, "a", "tool"), "");
    writeFileSync(path.join(folder, "b", "tool"), "");
    chmodSync(path.join(folder, "b", "tool"), 0o755);
    expect(findCommand("tool", `${folder}/a:${folder}/b`)).toBe(path.join(folder, "b", "tool"));
  });

  it("tells a command that is missing (127) from one that cannot be run (126)", () => {
    writeFileSync(path.join(folder, "tool"), "");
    mkdirSync(path.join(folder, "dir"));
    expect(() => findCommand("no-such-tool", folder)).toThrow(
      expect.objectContaining({ code: "command_not_found", exit: 127 }),
    );
    expect(() => findCommand("", folder)).toThrow(expect.objectContaining({ exit: 127 }));
    expect(() => findCommand(path.join(folder, "none"), folder)).toThrow(expect.objectContaining({ exit: 127 }));
    expect(() => findCommand("tool", folder)).toThrow(
      expect.objectContaining({ code: "command_not_executable", exit: 126 }),
    );
    expect(() => findCommand(path.join(folder, "dir"), folder)).toThrow(expect.objectContaining({ exit: 126 }));
    expect(() => findCommand("dir", folder)).toThrow(expect.objectContaining({ exit: 127 }));
  });

  it("does not look into PATH for a name with a slash", () => {
    expect(findCommand("/bin/sh", "")).toBe("/bin/sh");
  });
});
