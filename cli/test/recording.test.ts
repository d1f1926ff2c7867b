import { writeFileSync } from "node:fs";
import path from "node:path";
import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import type { SessionView } from "@phi/shared/contract/session";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";
import { type Desk, hasTmux, openDesk } from "./tmux.testing.js";

/** Commands whose role wants them recorded, on a real terminal. The same manners as unrecorded ones: see pty.test.ts. */
describe.skipIf(!hasTmux())("a recorded command on a terminal", () => {
  let place: Environment;
  let alice: Person;
  let bob: Person;
  let desk: Desk;

  beforeAll(async () => {
    place = await startEnvironment({
      config: (text) =>
        text
          .replace(
            "readonly: { memberOf: [app_readonly] }",
            "readonly: { memberOf: [app_readonly], recording: terminal }",
          )
          .replace(
            "readwrite: { memberOf: [app_readwrite] }",
            "readwrite: { memberOf: [app_readwrite], recording: required }",
          ),
    });
    [alice, bob] = ["alice", "bob"].map(createPerson) as [Person, Person];
    await alice.signIn(place);
    await bob.signIn(place);
    await access("readonly", "1h");
  });
  afterAll(async () => {
    await alice?.leave();
    await bob?.leave();
    await place?.stop();
  });
  beforeEach(async () => {
    desk = await openDesk(alice.home);
  });
  afterEach(() => desk.leave());

  async function access(role: string, duration: string): Promise<string> {
    const asked = await alice.phi(["request", "db-prod", "--role", role, "--for", duration, "-m", "INC-42"]);
    const id = asked.stdout.trim();
    await bob.phi(["approve", id, "--yes"]);
    return id;
  }

  const script = (name: string, text: string) => writeFileSync(path.join(alice.home, name), text);

  /** The newest session, once its recording is there whole. */
  async function recorded(): Promise<SessionView> {
    for (const end = Date.now() + 10_000; ; ) {
      const { sessions } = (await alice.json(["sessions"])) as { sessions: SessionView[] };
      const [newest] = sessions;
      if (newest?.recording?.state === "complete" && newest.endedAt !== undefined) return newest;
      if (Date.now() > end) throw new Error(`never recorded: ${JSON.stringify(newest)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async function cast(session: string): Promise<unknown[]> {
    const { stdout } = await bob.phi(["replay", session]);
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
  }

  test("is told so, runs as ever, and what it showed is there for its approver", async () => {
    desk.line("phi exec -- sh -c 'echo hello; exit 7'; echo code $?");
    expect(await desk.shows(/^code 7$/m)).toMatch(/^phi: db-prod as readonly until .*, recorded$[\s\S]*^hello$/m);
    const session = await recorded();
    expect(session).toMatchObject({
      exitCode: 7,
      endedBecause: "command_ended",
      command: ["sh", "-c", "echo hello; exit 7"],
    });
    const [header, ...events] = await cast(session.session);
    expect(header).toMatchObject({ version: 3, term: { cols: 100, rows: 30, type: "screen" } });
    expect(events.map((event) => (event as [number, string, string]).slice(1))).toEqual([
      ["o", "hello\r\n"],
      ["x", "7"],
    ]);
  });

  test("gets one INT per Ctrl-C, and phi ends by it as the command does", async () => {
    script(
      "count.sh",
      "trap 'n=$((n+1)); echo int $n' INT; echo started; for i in 1 2 3 4 5 6; do sleep 0.4; done; echo total $n",
    );
    desk.line("phi exec -- bash count.sh");
    await desk.shows(/^started/m);
    desk.key("C-c");
    await desk.shows(/^(\^C)?int 1/m);
    desk.key("C-c");
    await desk.shows(/^total 2$/m);
    desk.line("clear; phi exec -- sleep 60; echo not reached");
    await desk.shows(/until/);
    await new Promise((resolve) => setTimeout(resolve, 700));
    desk.key("C-c");
    await desk.shows(/^ready> $/m);
    desk.line("echo code $?");
    expect(await desk.shows(/^code 130$/m)).not.toMatch(/^not reached/m);
  });

  test("stops and goes on with Ctrl-Z and fg like any job", async () => {
    desk.line("phi exec -- sh -c 'echo started; sleep 3; echo finished; exit 5'");
    await desk.shows(/^started/m);
    desk.key("C-z");
    await desk.shows(/Stopped/);
    desk.line("clear; stty -a | grep -o ' icanon'; fg; echo code $?");
    expect(await desk.shows(/^code \d/m)).toMatch(/icanon[\s\S]*^finished\ncode 5$/m);
  });
});
