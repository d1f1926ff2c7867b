import { execFileSync, spawnSync } from "node:child_process";
import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";
import { type Desk, hasTmux, openDesk } from "./tmux.testing.js";

/** After so long without a beat the broker revokes, in ms. */
const SILENCE_ALLOWED = 30_000;

describe.skipIf(!hasTmux())("a command that is suspended with Ctrl-Z", () => {
  let place: Environment;
  let alice: Person;
  let bob: Person;
  let desk: Desk;

  beforeAll(async () => {
    place = await startEnvironment({
      config: (text) => text.replace("memberOf: [app_readwrite] }", "memberOf: [app_readwrite], recording: required }"),
    });
    [alice, bob] = ["alice", "bob"].map(createPerson) as [Person, Person];
    await alice.signIn(place);
    await bob.signIn(place);
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

  async function access(role: string): Promise<string> {
    const asked = await alice.phi(["request", "db-prod", "--role", role, "--for", "30m", "-m", "INC-42"]);
    const request = asked.stdout.trim();
    await bob.phi(["approve", request, "--yes"]);
    return request;
  }

  async function leaseOf(request: string): Promise<{ lease: string; state: string }> {
    const { requests } = (await alice.json(["requests"])) as {
      requests: { request: string; leases: { lease: string; state: string }[] }[];
    };
    const [lease] = requests.find((one) => one.request === request)?.leases ?? [];
    if (lease === undefined) throw new Error("it has no lease");
    return { lease: lease.lease, state: lease.state };
  }

  /** The process that beats in its place. */
  const standIns = (lease: string) =>
    spawnSync("pgrep", ["-f", `stand-in ${lease}`], { encoding: "utf8" }).stdout.trim();

  async function until(what: string, holds: () => boolean, within = 10_000): Promise<void> {
    for (const end = Date.now() + within; !holds(); ) {
      if (Date.now() > end) throw new Error(`never: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function suspended(at: Desk, role: string, command: string): Promise<{ request: string; lease: string }> {
    const request = await access(role);
    at.line(`phi exec ${request} -- ${command}`);
    await at.shows(/^started/m);
    at.key("C-z");
    await at.shows(/Stopped/);
    const { lease } = await leaseOf(request);
    await until("somebody beats in its place", () => standIns(lease) !== "");
    return { request, lease };
  }

  test("keeps its lease for longer than a silence may last, recorded or not, and goes on under it", async () => {
    const other = await openDesk(alice.home);
    try {
      const command = "sh -c 'echo started; read -r go; psql -Atc \"select 40 + 2\"'";
      const jobs = [
        { at: desk, ...(await suspended(desk, "readonly", command)) },
        { at: other, ...(await suspended(other, "readwrite", command)) },
      ];
      // The silence is real time: the broker's own patience is what is tried.
      for (const end = Date.now() + SILENCE_ALLOWED + 3_000; Date.now() < end; ) {
        for (const { request, lease } of jobs) expect(await leaseOf(request)).toEqual({ lease, state: "active" });
        await new Promise((resolve) => setTimeout(resolve, 1_500));
      }
      for (const { at, request, lease } of jobs) {
        at.line("fg");
        await until("nobody beats in its place any more", () => standIns(lease) === "");
        at.line("go");
        await at.shows(/^42$/m);
        await at.shows(/ready> $/m);
        expect((await leaseOf(request)).state).toBe("revoked");
      }
    } finally {
      other.leave();
    }
  }, 90_000);

  test("has nobody beating for it once its phi was killed", async () => {
    const { request, lease } = await suspended(desk, "readonly", "sh -c 'echo started; sleep 60'");
    const phi = execFileSync("pgrep", ["-f", `exec ${request} -- sh`], { encoding: "utf8" })
      .trim()
      .split("\n");
    for (const pid of phi) process.kill(Number(pid), "SIGKILL");
    await until("nobody beats in its place any more", () => standIns(lease) === "");
  });

  test("has nobody beating for it once its user has signed out", async () => {
    const { lease } = await suspended(desk, "readonly", "sh -c 'echo started; sleep 60'");
    await alice.phi(["logout"]);
    try {
      await until("nobody beats in its place any more", () => standIns(lease) === "", 15_000);
    } finally {
      await alice.signIn(place);
    }
  });

  test("phi stand-in is nothing for people, and says so", async () => {
    const { code, stderr } = await alice.phi(["stand-in", "lse_x", "1000"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/phi itself starts this/);
  });
});
