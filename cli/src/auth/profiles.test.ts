import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  listProfiles,
  loginCommand,
  profilesDirectory,
  readProfile,
  removeProfile,
  resolveProfileName,
  writeProfile,
} from "./profiles.js";
import type { Profile } from "./profiles-format.js";

const TOKEN = `phi_${"t".repeat(43)}`;
const PROFILE: Profile = {
  broker: "http://127.0.0.1:7420",
  principal: { issuer: "https://login.example.com", subject: "alice", name: "Alice" },
  groups: ["engineering"],
  signIn: "sin_000000000000",
  expiresAt: "2026-11-22T17:05:09.120Z",
  store: "file",
  token: TOKEN,
};

let home: string;
let directory: string;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), "phi-profiles-"));
  directory = profilesDirectory({ XDG_STATE_HOME: home });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const refusal = (words: string) =>
  expect.objectContaining({
    code: "local_state",
    message: expect.stringContaining(words),
    hint: expect.stringMatching(/\w/),
  });

describe("the profiles of this machine", () => {
  it("come back as they were written, from a 0600 file in a 0700 directory", () => {
    writeProfile(directory, "default", PROFILE);
    writeProfile(directory, "ops", { ...PROFILE, broker: "https://phi.example.com" });
    expect(readProfile(directory, "default")).toEqual(PROFILE);
    expect(listProfiles(directory)).toEqual(["default", "ops"]);
    expect(statSync(path.join(directory, "ops.json")).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(removeProfile(directory, "ops")).toBe(true);
    expect(removeProfile(directory, "ops")).toBe(false);
    expect(listProfiles(directory)).toEqual(["default"]);
  });

  it("are none where there is no directory", () => {
    expect(readProfile(directory, "default")).toBeUndefined();
    expect(listProfiles(directory)).toEqual([]);
    expect(removeProfile(directory, "default")).toBe(false);
  });

  it("leave no temporary file behind", () => {
    writeProfile(directory, "default", PROFILE);
    writeProfile(directory, "default", PROFILE);
    expect(readdirSync(directory)).toEqual(["default.json"]);
  });

  it("are refused, not used, when others can read the file or the directory", () => {
    writeProfile(directory, "default", PROFILE);
    chmodSync(path.join(directory, "default.json"), 0o640);
    expect(() => readProfile(directory, "default")).toThrow(refusal("read or written by others"));
    chmodSync(path.join(directory, "default.json"), 0o600);
    chmodSync(directory, 0o755);
    expect(() => readProfile(directory, "default")).toThrow(refusal("read or written by others"));
    expect(() => writeProfile(directory, "default", PROFILE)).toThrow(refusal("read or written by others"));
  });

  it("are refused when the file or the directory is a symbolic link", () => {
    writeProfile(directory, "real", PROFILE);
    symlinkSync(path.join(directory, "real.json"), path.join(directory, "default.json"));
    expect(() => readProfile(directory, "default")).toThrow(refusal("symbolic link"));
    const other = path.join(home, "other");
    symlinkSync(directory, other);
    expect(() => readProfile(other, "real")).toThrow(refusal("symbolic link"));
  });

  it("replace a symbolic link instead of writing through it", () => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(path.join(home, "victim"), "precious");
    symlinkSync(path.join(home, "victim"), path.join(directory, "default.json"));
    writeProfile(directory, "default", PROFILE);
    expect(lstatSync(path.join(directory, "default.json")).isSymbolicLink()).toBe(false);
    expect(statSync(path.join(home, "victim")).size).toBe("precious".length);
  });

  it.each([
    "",
    "{",
    "[]",
    "null",
    '{"broker":1}',
    JSON.stringify({ ...PROFILE, token: "x\r\nHost: evil" }),
    JSON.stringify({ ...PROFILE, store: "cloud" }),
  ])("say how to go on when the file holds %j, and touch no other profile", (text) => {
    writeProfile(directory, "ops", PROFILE);
    writeProfile(directory, "default", PROFILE);
    writeFileSync(path.join(directory, "default.json"), text);
    expect(() => readProfile(directory, "default")).toThrow(refusal("damaged"));
    expect(readProfile(directory, "ops")).toEqual(PROFILE);
    writeProfile(directory, "default", PROFILE);
    expect(readProfile(directory, "default")).toEqual(PROFILE);
  });

  it("refuse a file that is far too long and one that is a directory", () => {
    writeProfile(directory, "default", PROFILE);
    truncateSync(path.join(directory, "default.json"), 10_000_000);
    expect(() => readProfile(directory, "default")).toThrow(refusal("too long"));
    mkdirSync(path.join(directory, "dir.json"));
    expect(() => readProfile(directory, "dir")).toThrow(refusal("not a plain file"));
  });
});

describe("a profile's name", () => {
  it("is default when nobody says otherwise", () => {
    expect(resolveProfileName(undefined)).toBe("default");
    expect(loginCommand("default", "https://x")).toBe("phi login --broker https://x");
    expect(loginCommand("ops")).toBe("phi login --profile ops");
  });

  it.each(["", "../x", "A", "a/b", "a".repeat(33), "a b", "a\n"])("is refused when it is %j", (name) => {
    expect(() => resolveProfileName(name)).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });
});

it("a relative XDG_STATE_HOME is ignored", () => {
  expect(profilesDirectory({ XDG_STATE_HOME: "state", HOME: "/home/a" })).toBe("/home/a/.local/state/phi/profiles");
});

it.each(["", "."])("a HOME of %j does not put the sign-in where phi is called", (HOME) => {
  expect(profilesDirectory({ HOME })).toBe(path.join(os.userInfo().homedir, ".local/state/phi/profiles"));
});
