import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import type { SessionView } from "@phi/shared/contract/session";
import headless from "@xterm/headless";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";
import { type Desk, hasTmux, openDesk } from "./tmux.testing.js";

/** The most memory, in KiB, that the phi with this word in its command line has had when it is gone. */
async function peakMemory(word: string): Promise<number> {
  let peak = 0;
  for (const end = Date.now() + 180_000; ; ) {
    const found = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && isPhi(pid, word));
    for (const pid of found) peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(readProc(pid, "status"))?.[1] ?? 0));
    if (found.length === 0 && peak > 0) return peak;
    if (Date.now() > end) throw new Error("it never ended");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function isPhi(pid: string, word: string): boolean {
  const words = readProc(pid, "cmdline").split("\0");
  return words[1]?.endsWith("phi.cjs") === true && words.includes(word);
}

function readProc(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}

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
    desk.line("clear; phi exec -- sh -c 'echo up; exec sleep 60'; echo not reached");
    await desk.shows(/^up$/m);
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

  test("draws in colour and full screen, stops inside of vim, and is edited on", async () => {
    desk.line("phi exec --quiet -- vim -u NONE -i NONE -n notes.txt");
    await desk.shows(/^~\s*$/m);
    desk.type("ihello from vim");
    desk.key("Escape");
    await desk.shows(/^hello from vim\s*$/m);
    desk.key("C-z");
    await desk.shows(/Stopped/);
    desk.line("clear; fg; echo code $?");
    await desk.shows(/^hello from vim\s*\n~/m);
    desk.type("A, again");
    desk.key("Escape");
    desk.line(":wq");
    await desk.shows(/^code 0$/m);
    expect(readFileSync(path.join(alice.home, "notes.txt"), "utf8")).toBe("hello from vim, again\n");
  });

  test("pages: less, and psql with a pager, which gets the keys and the size", async () => {
    desk.line("phi exec --quiet -- sh -c 'seq 1 1000 | less -X'; echo code $?");
    await desk.shows(/^:$/m);
    desk.type("G");
    await desk.shows(/^1000$/m);
    desk.type("q");
    await desk.shows(/^code 0$/m);
    desk.line("clear; PAGER='less -X' phi exec --quiet -- psql -X; echo code $?");
    await desk.shows(/=> $/m);
    desk.line("select 'row ' || n as line from generate_series(1, 200) n \\g");
    await desk.shows(/row 5\s*$/m);
    await desk.shows(/^:$/m);
    desk.type("G");
    await desk.shows(/\(200 rows\)/);
    desk.type("q");
    desk.line("\\q");
    await desk.shows(/^code 0$/m);
  });

  test("hears of a new size, and the recording too", async () => {
    desk.line("phi exec -- bash -c 'trap \"stty size; exit\" WINCH; stty size; while :; do sleep 0.1; done'");
    await desk.shows(/^30 100$/m);
    desk.tmux("resize-window", "-x", "77", "-y", "22");
    await desk.shows(/^22 77$/m);
    const events = await cast((await recorded()).session);
    expect(events).toContainEqual([expect.any(Number), "r", "77x22"]);
  });

  test("as phi shell it has jobs of its own, and ends with the shell's code", async () => {
    desk.line("SHELL=/bin/bash phi shell --quiet; echo code $?");
    await desk.shows(/[$#] $/m);
    desk.line("PS1='inner> '; clear");
    await desk.shows(/^inner> /m);
    desk.line("echo in $PHI_RESOURCE; sleep 60");
    await desk.shows(/^in db-prod/m);
    desk.key("C-z");
    await desk.shows(/Stopped/);
    desk.line("clear; fg");
    await desk.shows(/^sleep 60|echo in/m);
    desk.key("C-c");
    await desk.shows(/inner> $/m);
    desk.line("exit 4");
    await desk.shows(/^code 4$/m);
  });

  test("loses nothing of what comes right before the end: 40 bursts of 40", async () => {
    desk.line(
      "for n in $(seq 40); do phi exec --quiet -- bash -c 'seq 1 5000; printf END'; done; clear; echo all done",
    );
    await desk.shows(/^all done$/m, 120_000);
    const { sessions } = (await alice.json(["sessions", "--limit", "40"])) as { sessions: SessionView[] };
    const whole = `${Array.from({ length: 5_000 }, (_, n) => `${n + 1}\r\n`).join("")}END`;
    for (const { session } of sessions) {
      const [, ...events] = (await cast(session)) as [number, string, string][];
      expect(events.map(([, code, data]) => (code === "o" ? data : "")).join("")).toBe(whole);
    }
    expect(sessions).toHaveLength(40);
  }, 180_000);

  test("is replayed to the very screen that was seen", async () => {
    script(
      "draw.sh",
      `printf '\\033[2J\\033[3;5H\\033[1;31mred\\033[0m \\033[7mreversed\\033[0m\\033[10;1Hwide: 日本語 é ┌─┐'
       printf '\\033[12;20r\\033[20;1H'; for n in 1 2 3 4 5 6 7 8 9 10 11 12; do printf 'scrolled %s\\n' $n; done
       printf '\\033[r\\033[25;3Hthe end\\033[5D\\033[K!'; read -r line`,
    );
    desk.line("phi exec --quiet -- bash draw.sh");
    const seen = await desk.shows(/th!/);
    desk.key("Enter");
    const { session } = await recorded();
    const events = (await cast(session)).slice(1) as [number, string, string][];
    const screen = new headless.Terminal({ cols: 100, rows: 30, allowProposedApi: true });
    // Up to the Enter, as it was seen.
    const drawn = events
      .filter(([, code]) => code === "o")
      .map(([, , data]) => data)
      .join("")
      .replace(/\r\n$/, "");
    await new Promise<void>((resolve) => screen.write(drawn, resolve));
    const lines = Array.from(
      { length: 30 },
      (_, row) => screen.buffer.active.getLine(row)?.translateToString(true) ?? "",
    );
    expect(lines.join("\n").trimEnd()).toBe(seen.trimEnd());

    const replayed = await openDesk(bob.home);
    try {
      replayed.line(`phi replay ${session} --speed 100`);
      await replayed.shows(/ended: code 0/);
      // The same picture; the two lines that follow it scroll nothing away.
      expect(replayed.screen()).toContain(seen.split("\n").slice(2, 25).join("\n"));
    } finally {
      replayed.leave();
    }
  });

  test("is watched while it runs: the screen so far, then what comes, until it ends", async () => {
    desk.line("phi exec --quiet -- sh -c 'echo before; read x; echo after $x; read y'");
    await desk.shows(/^before$/m);
    const { sessions } = (await bob.json(["sessions", "--live"])) as { sessions: SessionView[] };
    const watcher = await openDesk(bob.home);
    try {
      watcher.line(`phi watch ${sessions[0]?.session}`);
      await watcher.shows(/^before$/m);
      desk.line("one");
      await watcher.shows(/^one\nafter one$/m);
      desk.line("two");
      await watcher.shows(/ended: code 0/);
    } finally {
      watcher.leave();
    }
    const events = (await bob.phi(["audit", "--kind", "session.watched", "--json"])).stdout;
    expect(events).toContain(`"of":"alice"`);
  });

  test("with a pipe it is not recorded, is a session all the same, and behaves as ever", async () => {
    desk.line("phi exec --quiet -- sh -c 'test -t 1 || echo piped' | cat; echo done");
    await desk.shows(/^piped\ndone$/m);
    const { sessions } = (await alice.json(["sessions", "--limit", "1"])) as { sessions: SessionView[] };
    expect(sessions[0]).toMatchObject({ exitCode: 0 });
    expect(sessions[0]).not.toHaveProperty("recording");
  });

  test("that must be recorded runs at a terminal only", async () => {
    const id = await access("readwrite", "10m");
    const piped = await alice.phi(["exec", id, "--", "true"]);
    expect([piped.code, piped.stdout]).toEqual([125, ""]);
    expect(piped.stderr).toContain("must be recorded");
    const printed = await alice.phi(["env", id]);
    expect([printed.code, printed.stdout]).toEqual([5, ""]);
    desk.line(`phi exec ${id} -- sh -c 'echo ran'; echo code $?`);
    await desk.shows(/recorded\nran\ncode 0$/m);
    await alice.phi(["end", id]);
  });

  test("of 100 MB is recorded whole, and phi stays small", async () => {
    const size = 100 * 1024 * 1024;
    const verse = "ninety nine bottles of beer on the wall, ninety nine bottles of beer";
    script("flood.sh", `yes '${verse}' | head -c ${size}; printf END`);
    desk.line("phi exec --quiet -- sh flood.sh; clear; echo flooded");
    const memory = await peakMemory("flood.sh");
    await desk.shows(/^flooded$/m);
    const { session } = await recorded();
    process.stdout.write(`100 MB recorded: peak of phi ${Math.round(memory / 1024)} MiB\n`);
    expect(memory).toBeLessThan(250 * 1024);
    let length = 0;
    let end = "";
    const { stdout } = await bob.phi(["replay", session]);
    for (const line of stdout.split("\n").slice(1)) {
      const [, code, data] = line === "" ? [] : (JSON.parse(line) as [number, string, string]);
      if (code !== "o" || data === undefined) continue;
      length += data.length;
      end = data.slice(-3);
    }
    // Each line end becomes two on a terminal.
    expect([length, end]).toEqual([size + Math.floor(size / (verse.length + 1)) + 3, "END"]);
  }, 240_000);

  test("whose phi is killed leaves nothing behind", async () => {
    desk.line("phi exec --quiet -- sh -c 'trap \"\" INT; echo up; sleep 4321; sleep 4321'");
    await desk.shows(/^up$/m);
    const phi = readdirSync("/proc").find((pid) => /^\d+$/.test(pid) && isPhi(pid, "--quiet"));
    process.kill(Number(phi), "SIGKILL");
    await desk.shows(/Killed/);
    const left = () => readdirSync("/proc").filter((pid) => readProc(pid, "cmdline").includes("sleep\u00004321"));
    await expect.poll(left, { timeout: 10_000 }).toEqual([]);
  });

  test("at the end of the window is stopped, full screen and all, and the terminal is as it was", async () => {
    const id = await access("readonly", "6s");
    desk.line("stty -g > before; clear");
    desk.line(`phi exec ${id} -- vim -u NONE -i NONE -n; echo code $?`);
    await desk.shows(/^~\s*$/m);
    await desk.shows(/^code 124$/m, 30_000);
    desk.line("clear; stty -g > after; echo done");
    await desk.shows(/^done$/m);
    const read = (name: string) => readFileSync(path.join(alice.home, name), "utf8");
    expect(read("after")).toBe(read("before"));
    // What phi said over vim's screen is in the recording, as a remark.
    const events = (await cast((await recorded()).session)).slice(1) as [number, string, string][];
    expect(events.find(([, code]) => code === "m")?.[2]).toMatch(/window .* is over/);
  });

  test("finds around it just what it would without: variables, directory, descriptors, umask", async () => {
    script(
      "around.sh",
      "{ env | cut -d= -f1 | sort; pwd; umask; ls /proc/self/fd; ulimit -a; trap; stty -a | grep -v speed; } > $1",
    );
    const [one, two] = ["recorded.txt", "plain.txt 2>/dev/null"].map(
      (to) => `phi exec --quiet -- sh ../around.sh ${to}`,
    );
    desk.line(`mkdir real; ln -s real linked; cd linked; ${one}; ${two}; cd ..; clear; echo compared`);
    await desk.shows(/^compared$/m, 12_000);
    const read = (name: string) => readFileSync(path.join(alice.home, "real", name), "utf8");
    expect(read("recorded.txt")).toContain("PGPASSWORD");
    expect(read("recorded.txt")).toBe(read("plain.txt"));
  });

  test("keeps no secret of its command line, nor of its credential, anywhere but where it showed one", async () => {
    const secret = "hunter2hunter2hunter2";
    desk.line(
      `phi exec --quiet -- sh -c 'echo $PGUSER; test -n "$PGPASSWORD" && printf %s "$PGPASSWORD" > password; exit 0' --password ${secret}; clear; echo over`,
    );
    await desk.shows(/^over$/m);
    const password = readFileSync(path.join(alice.home, "password"), "utf8");
    expect(password.length).toBeGreaterThan(20);
    const { session } = await recorded();
    const places = {
      recording: (await bob.phi(["replay", session])).stdout,
      sessions: (await bob.phi(["sessions", "--json"])).stdout,
      audit: (await bob.phi(["audit", "--json"])).stdout,
      log: readFileSync(place.brokerLog, "utf8"),
      ledger: readdirSync(path.dirname(place.configFile))
        .filter((name) => /^phi\.db(-wal)?$/.test(name))
        .map((name) => readFileSync(path.join(path.dirname(place.configFile), name), "latin1"))
        .join(""),
    };
    expect(places.recording).toContain("[redacted]");
    expect(places.ledger).toContain(session);
    for (const [where, text] of Object.entries(places)) {
      expect(text.includes(secret), where).toBe(false);
      expect(text.includes(password), where).toBe(false);
    }
  });

  test("is recorded whole although the broker was away for a while", async () => {
    desk.line("phi exec --quiet -- sh -c 'echo before; read x; echo meanwhile; read y; echo after'");
    await desk.shows(/^before$/m);
    await place.broker.kill();
    desk.line("one");
    await desk.shows(/^meanwhile$/m);
    await place.restartBroker();
    desk.line("two");
    await desk.shows(/^after$/m);
    const events = (await cast((await recorded()).session)).slice(1) as [number, string, string][];
    const drawn = events.map(([, code, data]) => (code === "o" ? data : "")).join("");
    expect(drawn).toBe("before\r\none\r\nmeanwhile\r\ntwo\r\nafter\r\n");
  });
});

describe.skipIf(!hasTmux())("a recording that cannot go on", () => {
  let place: Environment;
  let alice: Person;
  let bob: Person;
  let desk: Desk;
  const flood = `base64 /dev/urandom | head -c 3000000 | tr "\\n" "\\r"; echo; echo survived`;

  beforeAll(async () => {
    place = await startEnvironment({
      config: (text) =>
        text
          .replace("[app_readonly] }", "[app_readonly], recording: terminal }")
          .replace("[app_readwrite] }", "[app_readwrite], recording: required }")
          .replace("\nresources:", "\nrecordings: { mostMegabytes: 1 }\nresources:"),
    });
    [alice, bob] = ["alice", "bob"].map(createPerson) as [Person, Person];
    await alice.signIn(place);
    await bob.signIn(place);
    desk = await openDesk(alice.home);
  });
  afterAll(async () => {
    desk?.leave();
    await alice?.leave();
    await bob?.leave();
    await place?.stop();
  });

  async function access(role: string): Promise<string> {
    const asked = await alice.phi(["request", "db-prod", "--role", role, "--for", "10m", "-m", "INC-42"]);
    await bob.phi(["approve", asked.stdout.trim(), "--yes"]);
    return asked.stdout.trim();
  }

  test("lets the command go on where the role only wants it, and tells the person", async () => {
    desk.line(`phi exec ${await access("readonly")} -- sh -c '${flood}; sleep 1'; echo code $?`);
    const said = await desk.shows(/^code 0$/m, 20_000);
    expect(said).toMatch(/^survived$/m);
    expect(said).toContain("phi: the recording has ended (it is as long");
  });

  test("ends the command where the role requires it, and the access with it", async () => {
    const id = await access("readwrite");
    desk.line(`clear; phi exec ${id} -- sh -c '${flood}; sleep 100; echo too late'; c=$?; clear; echo code $c`);
    expect(await desk.shows(/code 124$/m, 20_000)).not.toMatch(/^too late$/m);
    const { sessions } = (await alice.json(["sessions", "--request", id])) as { sessions: SessionView[] };
    expect(sessions).toMatchObject([{ endedBecause: "recording_failed", recording: { state: "cut" } }]);
    const { leases } = (await alice.json(["show", id])) as { leases: { state: string }[] };
    expect(leases).toMatchObject([{ state: "revoked" }]);
  });
});
