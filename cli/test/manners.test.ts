import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";

/** The law of stdout and stderr, held against every command that answers. */

let place: Environment;
let alice: Person;
let bob: Person;
let id: string;

beforeAll(async () => {
  place = await startEnvironment();
  alice = createPerson("alice");
  bob = createPerson("bob");
  await alice.signIn(place);
  await bob.signIn(place);
  id = (await alice.phi(["request", "db-prod", "--role", "readonly", "--for", "5m", "-m", "INC-1"])).stdout.trim();
});
afterAll(async () => {
  await alice?.leave();
  await bob?.leave();
  await place?.stop();
});

const COMMANDS = () => [
  ["whoami"],
  ["status"],
  ["resources"],
  ["requests"],
  ["requests", "--to-approve"],
  ["show", id],
  ["audit"],
  ["help"],
  ["help", "exit-codes"],
  ["request", "db-prod", "--role", "readonly", "--for", "5m", "-m", "INC-2"],
];

describe("stdout is data, stderr is talk", () => {
  test("with --json every line of stdout is JSON, and but for audit there is exactly one", async () => {
    for (const args of COMMANDS()) {
      const { stdout } = await alice.phi([...args, "--json"]);
      const lines = stdout.split("\n");
      expect(lines.pop()).toBe("");
      for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
      if (args[0] !== "audit") expect([args, lines.length]).toEqual([args, 1]);
    }
  });

  test("with --json an error is one object on stderr and stdout is empty", async () => {
    for (const args of [
      ["show", "req_000000000000"],
      ["nonsense"],
      ["request", "--nonsense"],
      ["approve", id, "--yes"],
    ]) {
      const ran = await alice.phi([...args, "--json"]);
      expect(ran.stdout).toBe("");
      expect(JSON.parse(ran.stderr)).toMatchObject({ error: { exit: ran.code } });
    }
  });

  test("off a terminal nothing is coloured and nothing moves, also with FORCE_COLOR", async () => {
    for (const args of COMMANDS()) {
      const ran = await alice.phi(args, { FORCE_COLOR: "3" });
      expect(ran.stdout + ran.stderr).not.toContain("\u001b");
    }
  });

  test("--quiet leaves data and errors, and no talk", async () => {
    for (const args of COMMANDS()) {
      const ran = await alice.phi([...args, "--quiet"]);
      expect([args, ran.stderr]).toEqual([args, ""]);
    }
    expect((await alice.phi(["nonsense", "--quiet"])).stderr).toContain("phi:");
  });
});

describe("help and usage", () => {
  test("what is mistyped is refused with 2 and the nearest word", async () => {
    expect((await alice.phi(["requst"])).stderr).toContain("phi request");
    expect((await alice.phi(["audit", "--sinse", "7d"])).stderr).toContain("--since");
    for (const args of [
      ["requst"],
      ["show"],
      ["show", "a", "b"],
      ["requests", "--limit"],
      ["help", "nothing-like-it"],
    ]) {
      const ran = await alice.phi(args);
      expect([args, ran.code, ran.stdout]).toEqual([args, 2, ""]);
    }
  });

  test("every command has help that begins with an example", async () => {
    const { stdout } = await alice.phi(["help"]);
    const names = [...stdout.matchAll(/^ {2}([a-z]+)(?: \[\w+\])? {2,}/gm)].map((found) => found[1] ?? "");
    for (const name of ["login", "request", "approve", "exec", "shell", "env", "prompt", "end", "audit"])
      expect(names).toContain(name);
    for (const name of names) {
      const help = await alice.phi([name, "--help"]);
      expect([name, help.code, help.stderr]).toEqual([name, 0, ""]);
      expect(help.stdout).toMatch(/^ {2}\$ /);
    }
  });
});

describe("phi completion", () => {
  test("bash completes commands, flags and nothing after a flag that takes a value", async () => {
    const { stdout } = await alice.phi(["completion", "bash"]);
    const complete = (...words: string[]) => {
      const script = `${stdout}\nCOMP_WORDS=(phi ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}; _phi; echo "\${COMPREPLY[@]}"`;
      const ran = spawnSync("bash", ["--norc", "--noprofile", "-c", script], { encoding: "utf8" });
      expect(ran.stderr).toBe("");
      return ran.stdout
        .trim()
        .split(/\s+/)
        .filter((word) => word !== "");
    };
    expect(complete("req")).toEqual(["request", "requests"]);
    expect(complete("--profile", "staging", "ap")).toEqual(["approve"]);
    expect(complete("request", "--re")).toEqual(["--reason"]);
    expect(complete("request", "--reason", "")).toEqual([]);
    expect(complete("completion", "f")).toEqual(["fish"]);
  });

  test.each(["bash", "zsh", "fish"])("the script for %s is one that the shell can read", async (shell) => {
    const { code, stdout } = await alice.phi(["completion", shell]);
    expect(code).toBe(0);
    expect(stdout).toContain("to-approve");
    const file = join(mkdtempSync(join(tmpdir(), "phi-completion-")), shell);
    onTestFinished(() => rmSync(dirname(file), { recursive: true }));
    writeFileSync(file, stdout);
    const parsed = spawnSync(shell, ["-n", file], { encoding: "utf8" });
    if (parsed.error === undefined) expect([parsed.status, parsed.stderr]).toEqual([0, ""]);
    else process.stderr.write(`not parsed: ${shell} is not installed here\n`);
  });
});
