import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";

/** What phi asks on a real terminal, answered through tmux. */
const hasTmux = spawnSync("tmux", ["-V"]).status === 0 && existsSync("/bin/bash");
if (!hasTmux) process.stderr.write("tests of questions are skipped: they need tmux and bash\n");
const BIN = fileURLToPath(new URL("../bin/phi.cjs", import.meta.url));

describe.skipIf(!hasTmux)("asked on a terminal", () => {
  let place: Environment;
  let alice: Person;
  let bob: Person;
  let socket: string;

  beforeAll(async () => {
    place = await startEnvironment();
    [alice, bob] = ["alice", "bob"].map(createPerson) as [Person, Person];
    await alice.signIn(place);
    await bob.signIn(place);
  });
  afterAll(async () => {
    await alice?.leave();
    await bob?.leave();
    await place?.stop();
  });

  const tmux = (...args: string[]) => execFileSync("tmux", ["-S", socket, ...args], { encoding: "utf8" });
  const key = (...names: string[]) => tmux("send-keys", ...names);
  const line = (text: string) => {
    tmux("send-keys", "-l", text);
    key("Enter");
  };

  async function shows(pattern: RegExp, patience = 15_000): Promise<string> {
    for (const end = Date.now() + patience; ; ) {
      const now = tmux("capture-pane", "-p", "-J");
      if (pattern.test(now)) return now;
      if (Date.now() > end) throw new Error(`the screen never showed ${pattern}:\n${now}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  beforeEach(async ({ task }) => {
    socket = join(alice.home, `tmux-${task.id}`);
    const env = ["env", "-i", `PATH=${process.env.PATH ?? ""}`, "TERM=screen", "LANG=C.UTF-8"];
    tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", ...env, "/bin/bash", "--norc", "--noprofile");
    const as = (person: Person) =>
      `HOME=${person.home} XDG_STATE_HOME=${person.home}/state ${process.execPath} ${BIN} "$@"`;
    line(`PS1='ready> '; alice() { ${as(alice)}; }; bob() { ${as(bob)}; }; clear`);
    await shows(/^ready> /m);
  });
  afterEach(() => {
    spawnSync("tmux", ["-S", socket, "kill-server"]);
  });

  test("a request is put together by questions, printed as a command, waited for with a spinner, and Ctrl-C detaches", async () => {
    line("alice request; echo ended=$?");
    await shows(/Which resource\?/);
    key("Enter");
    await shows(/Which role on db-prod\?/);
    key("Down", "Enter");
    await shows(/For how long\?/);
    line("9h");
    await shows(/at most 1h/);
    key("BSpace", "BSpace");
    line("20m");
    await shows(/Why\?/);
    line("INC 42");
    const screen = await shows(/waiting for group:db-leads · 0:0\d/);
    expect(screen).toContain('phi request db-prod --role readwrite --for 20m --reason "INC 42"');
    key("C-c");
    const after = await shows(/ended=8/);
    expect(after).toContain("stays open");
  });

  test("an approver sees the request before the question, and Enter alone is a no", async () => {
    const id = (
      await alice.phi(["request", "db-prod", "--role", "readonly", "--for", "5m", "-m", "INC-9"])
    ).stdout.trim();
    line(`bob approve ${id}; echo ended=$?`);
    const screen = await shows(/Let alice have db-prod as readonly for 5m\?/);
    expect(screen).toContain("INC-9");
    key("Enter");
    await shows(/ended=1/);
    expect(await alice.json(["show", id])).toMatchObject({ state: "pending" });
    line(`bob approve ${id}; echo again=$?`);
    await shows(/Let alice have[^\n]*\(y\/N\) *$/m);
    line("y");
    await shows(/again=0/);
    expect(await alice.json(["show", id])).toMatchObject({ state: "approved" });
    await alice.phi(["end", id]);
  });

  test("Ctrl-C at a question decides nothing and ends with 130", async () => {
    const id = (
      await alice.phi(["request", "db-prod", "--role", "readonly", "--for", "5m", "-m", "INC-9"])
    ).stdout.trim();
    line(`bob deny ${id}; echo not reached`);
    await shows(/Why not\?/);
    key("C-c");
    await shows(/^ready> *$/m);
    // The shell gives its line up as well: phi ended by the signal and not with a code that only looks like it.
    line("echo ended=$?");
    expect(await shows(/ended=130/)).not.toMatch(/^not reached/m);
    expect(await alice.json(["show", id])).toMatchObject({ state: "pending" });
    await alice.phi(["withdraw", id]);
  });

  test("--no-input never asks, and --no-color never colours", async () => {
    line("alice request --no-input; echo ended=$?");
    await shows(/ended=2/);
    line("clear; alice resources --no-color; echo plain=$?");
    await shows(/plain=0/);
    expect(tmux("capture-pane", "-p", "-e")).not.toContain("\u001b[1m");
  });
});
