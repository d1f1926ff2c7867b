import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";
import { type Desk, hasTmux, openDesk } from "./tmux.testing.js";

/** `phi exec` and `phi shell` on a real terminal, typed into through tmux. */
describe.skipIf(!hasTmux())("on a terminal", () => {
  let place: Environment;
  let alice: Person;
  let bob: Person;
  let desk: Desk;

  beforeAll(async () => {
    place = await startEnvironment();
    [alice, bob] = ["alice", "bob"].map(createPerson) as [Person, Person];
    await alice.signIn(place);
    await bob.signIn(place);
    await access("1h");
  });
  afterAll(async () => {
    await alice?.leave();
    await bob?.leave();
    await place?.stop();
  });

  async function access(duration: string): Promise<string> {
    const id = (
      await alice.phi(["request", "db-prod", "--role", "readonly", "--for", duration, "-m", "INC-42"])
    ).stdout.trim();
    await bob.phi(["approve", id, "--yes"]);
    return id;
  }

  const type = (text: string) => desk.type(text);
  const key = (name: string) => desk.key(name);
  const line = (text: string) => desk.line(text);
  const shows = (pattern: RegExp, patience?: number) => desk.shows(pattern, patience);
  const script = (name: string, text: string) => writeFileSync(path.join(alice.home, name), text);

  beforeEach(async () => {
    desk = await openDesk(alice.home);
  });
  afterEach(() => desk.leave());

  test("says in one line what the command works under, and nothing with --quiet", async () => {
    line("phi exec -- echo hello");
    const said = await shows(/hello\nready>/);
    expect(said).toMatch(/^phi: db-prod as readonly until (\d{4}-\d\d-\d\d )?\d\d:\d\d \((59m|1h)\)$/m);
    line("clear; phi exec --quiet -- echo quietly");
    expect(await shows(/^quietly\nready>/m)).not.toContain("phi:");
  });

  test("gives the child one INT per Ctrl-C, and the child decides", async () => {
    script(
      "count.sh",
      "trap 'n=$((n+1)); echo int $n' INT; echo started; for i in 1 2 3 4 5 6 7 8; do sleep 0.4; done; echo total $n",
    );
    line("phi exec -- bash count.sh");
    await shows(/^started/m);
    key("C-c");
    await shows(/^(\^C)?int 1/m);
    key("C-c");
    await shows(/^(\^C)?int 2/m);
    expect(await shows(/^total \d/m)).toMatch(/^total 2$/m);
  });

  test("ends as its child ends when Ctrl-C ends it, and gives the lease back", async () => {
    line("phi exec -- sleep 60; echo not reached");
    await shows(/until/);
    key("C-c");
    // bash gives up the whole line only when phi really died of the signal.
    await shows(/^ready> $/m);
    line("echo code $?");
    expect(await shows(/^code 130$/m)).not.toMatch(/^not reached/m);
    const { requests } = (await alice.json(["requests"])) as { requests: { leases: { state: string }[] }[] };
    expect(requests[0]?.leases.every(({ state }) => state === "revoked")).toBe(true);
  });

  test("stops and goes on with Ctrl-Z, bg and fg like any job", async () => {
    line("phi exec -- sh -c 'echo started; sleep 3; echo finished; exit 5'");
    await shows(/^started/m);
    key("C-z");
    await shows(/Stopped/);
    line("clear; fg; echo code $?");
    expect(await shows(/^code \d/m)).toMatch(/^finished\ncode 5$/m);
  });

  test("leaves the terminal to a pager: phi exec … | less, and less inside", async () => {
    line("phi exec --quiet -- seq 1 1000 | less -X");
    await shows(/^:$/m);
    type("G");
    await shows(/^1000$/m);
    type("q");
    await shows(/^ready> $/m);
    line("clear; phi exec --quiet -- sh -c 'seq 1 1000 | less -X'; echo code $?");
    await shows(/^:$/m);
    type("q");
    await shows(/^code 0$/m);
  });

  test("tells the child of a new window size", async () => {
    line("phi exec -- bash -c 'trap \"stty size; exit\" WINCH; echo started; while :; do sleep 0.1; done'");
    await shows(/^started/m);
    desk.tmux("resize-window", "-x", "77", "-y", "22");
    await shows(/^22 77$/m);
  });

  test("phi shell is the person's shell, with jobs of its own; leaving it ends the access with its code", async () => {
    line("SHELL=/bin/bash phi shell --quiet; echo code $?");
    await shows(/[$#] $/m);
    line("PS1='inner> '; clear");
    await shows(/^inner> /m);
    line("echo in $PHI_RESOURCE; sleep 60");
    await shows(/^in db-prod/m);
    key("C-z");
    await shows(/Stopped/);
    line("kill -9 %1; sleep 0.2");
    line("exit 4");
    await shows(/^code 4$/m);
  });

  test("at the end of the window an interactive shell is ended too, and the terminal is as it was", async () => {
    const id = await access("5s");
    line("stty -g > before");
    line(`SHELL=/bin/bash phi shell ${id}; echo code $?`);
    await shows(/until/);
    line("stty -echo -icanon");
    await shows(/^code 124$/m, 25_000);
    line("clear; stty -g > after; echo done");
    await shows(/^done$/m);
    const read = (name: string) => readFileSync(path.join(alice.home, name), "utf8");
    expect(read("after")).toBe(read("before"));
  });

  test("lets a person pick among several requests, then says the command that would have done the same", async () => {
    const id = await access("10m");
    line("phi exec -- sh -c 'echo under $PHI_REQUEST'");
    await shows(/Under which request\?/);
    key("Enter");
    const said = await shows(/^under req_\w+$/m);
    const [, picked] = /^under (req_\w+)$/m.exec(said) ?? [];
    expect(said.replaceAll("\n", "")).toContain(`phi: phi exec --request ${picked} -- sh -c`);
    line("clear; phi exec -- true");
    await shows(/Under which request\?/);
    key("C-c");
    await shows(/^ready> $/m);
    line("echo code $?");
    await shows(/^code 130$/m);
    await alice.phi(["end", id]);
  });
});
