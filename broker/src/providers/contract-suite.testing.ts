import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import type { Instant } from "@phi/shared/time";
import { describe, expect, it } from "vitest";
import type { Credential, Outcome, Provider } from "../ports/provider.js";

/** One connection made with a credential. */
export interface ContractSession {
  read(): Promise<unknown>;
  write(): Promise<unknown>;
  /** Something that runs for so many ms. */
  work(milliseconds: number): Promise<unknown>;
  close(): Promise<void>;
}

/** A real server, prepared for the suite, and how to look at it from outside the provider. */
export interface ContractTarget<Config, Role, Handle> {
  readonly provider: Provider<Config, Role, Handle>;
  readonly config: Config;
  /** May read and may not write. */
  readonly role: Role;
  /** Roles whose names try to break out of quotes, all of which may read. */
  readonly hostileRoles: readonly Role[];
  /** The same settings, for a port where nobody listens, and for one where somebody listens and never answers. */
  readonly dead: Config;
  readonly silent: Config;
  /** Rejects when the credential is refused. */
  connect(credential: Credential): Promise<ContractSession>;
  /** Sessions alive with this handle's name. */
  sessions(handle: Handle): Promise<number>;
  exists(handle: Handle): Promise<boolean>;
  /** After which instant the target by itself lets nobody in with it; `undefined` when it is not there. */
  endOf(handle: Handle): Promise<Instant | undefined>;
  /** Everything the server has written to its log, at its most talkative. */
  log(): Promise<string>;
}

const never = new AbortController().signal;
const TAG = "contract";

/** Environment variables make the long runs longer; the defaults keep the suite under half a minute. */
const STORMS = Number(process.env.PHI_TEST_STORMS ?? 25);
const CYCLES = Number(process.env.PHI_TEST_CYCLES ?? 200);

/** The guarantees of `ports/provider.ts`, which hold for every kind, on the real server. */
export function providerContract<Config, Role, Handle>(target: () => ContractTarget<Config, Role, Handle>): void {
  const orderFor = (leaseId: string, role: Role, createBy: Instant = Date.now() + 30_000) => ({
    config: target().config,
    role,
    leaseId,
    requestId: newId("request"),
    principal: "alice o'hara $phi$ \\",
    createBy,
    expiresAt: Date.now() + 60_000,
  });
  const issueOne = async (role: Role = target().role, createBy?: Instant, signal: AbortSignal = never) => {
    const leaseId = newId("lease");
    const handle = target().provider.plan(TAG, leaseId);
    const credential = await target().provider.issue(orderFor(leaseId, role, createBy), handle, signal);
    return { handle, credential };
  };
  const revokeOne = async (handle: Handle, createBy: Instant = Date.now() + 30_000): Promise<Outcome> => {
    const [outcome] = await target().provider.revoke(target().config, [{ handle, createBy }], never);
    if (outcome === undefined) throw new Error("no outcome");
    return outcome;
  };
  const left = async (handles: readonly Handle[]): Promise<Handle[]> => {
    const found = [];
    for (const handle of handles)
      if ((await target().exists(handle)) || (await target().sessions(handle))) found.push(handle);
    return found;
  };

  describe("issue", () => {
    it("gives what the role may do and no more", async () => {
      const { handle, credential } = await issueOne();
      const session = await target().connect(credential);
      await session.read();
      await expect(session.write()).rejects.toThrow();
      await session.close();
      expect(await target().exists(handle)).toBe(true);
      await revokeOne(handle);
    });

    it("is refused by the target once createBy is over, and leaves nothing", async () => {
      const leaseId = newId("lease");
      const handle = target().provider.plan(TAG, leaseId);
      const late = target().provider.issue(orderFor(leaseId, target().role, Date.now() - 1), handle, never);
      await expect(late).rejects.toMatchObject({ name: "PhiError", code: "target_refused" });
      expect(await target().exists(handle)).toBe(false);
    });

    it("takes names apart from syntax", async () => {
      for (const role of target().hostileRoles) {
        const { handle, credential } = await issueOne(role);
        const session = await target().connect(credential);
        await session.read();
        expect(await revokeOne(handle)).toMatchObject({ outcome: "revoked" });
        await session.close();
      }
    });

    it("hides the credential from everything that prints", async () => {
      const { handle, credential } = await issueOne();
      const secret = Object.entries(credential.environment.reveal()).filter(([name]) => name.includes("PASSWORD"));
      await revokeOne(handle);
      const log = await target().log();
      expect(secret.length).toBeGreaterThan(0);
      for (const [, password] of secret) {
        expect(password.length).toBeGreaterThanOrEqual(32);
        expect(log).not.toContain(password);
        expect(JSON.stringify(credential)).not.toContain(password);
      }
    });
  });

  describe("revoke", () => {
    it("ends the credential, its live sessions included", async () => {
      const { handle, credential } = await issueOne();
      const sessions = await Promise.all([target().connect(credential), target().connect(credential)]);
      expect(await target().sessions(handle)).toBe(2);
      expect(await revokeOne(handle)).toMatchObject({ outcome: "revoked", sessionsEnded: 2 });
      for (const session of sessions) await expect(session.read()).rejects.toThrow();
      await expect(target().connect(credential)).rejects.toThrow();
      expect(await left([handle])).toEqual([]);
    });

    it("succeeds again on what is gone", async () => {
      const { handle } = await issueOne();
      expect(await revokeOne(handle)).toMatchObject({ outcome: "revoked" });
      expect(await revokeOne(handle)).toMatchObject({ outcome: "revoked", sessionsEnded: 0 });
    });

    it("of what was never issued succeeds, and is final only after createBy", async () => {
      const handle = target().provider.plan(TAG, newId("lease"));
      expect(await revokeOne(handle)).toEqual({ outcome: "revoked", sessionsEnded: 0, droppedAfterCreateBy: false });
      expect(await revokeOne(handle, Date.now() - 1)).toEqual({
        outcome: "revoked",
        sessionsEnded: 0,
        droppedAfterCreateBy: true,
      });
    });

    it("answers for each of many, in order, in one go", async () => {
      const issued = await Promise.all(Array.from({ length: 20 }, () => issueOne()));
      const handles = issued.flatMap(({ handle }) => [handle, target().provider.plan(TAG, newId("lease"))]);
      const createBy = Date.now() + 30_000;
      const outcomes = await target().provider.revoke(
        target().config,
        handles.map((handle, index) => ({ handle, createBy: index % 4 === 1 ? Date.now() - 1 : createBy })),
        never,
      );
      expect(outcomes).toEqual(
        handles.map((_, index) => ({ outcome: "revoked", sessionsEnded: 0, droppedAfterCreateBy: index % 4 === 1 })),
      );
      expect(await left(handles)).toEqual([]);
      expect(await target().provider.revoke(target().config, [], never)).toEqual([]);
    });

    it("leaves nothing of an issue that was aborted at any moment", async () => {
      const started: { handle: Handle; createBy: Instant }[] = [];
      for (let run = 0; run < 40; run++) {
        const leaseId = newId("lease");
        const handle = target().provider.plan(TAG, leaseId);
        const createBy = Date.now() + 500;
        started.push({ handle, createBy });
        const abort = new AbortController();
        const issuing = target()
          .provider.issue(orderFor(leaseId, target().role, createBy), handle, abort.signal)
          .then(
            () => "issued",
            (error: unknown) => (error instanceof PhiError ? error.code : error),
          );
        // From before the first byte to after the answer, some while the revocation runs.
        const aborting = new Promise<void>((resolve) => setTimeout(() => resolve(abort.abort()), run / 8));
        if (run % 2 === 0) await aborting;
        await revokeOne(handle, createBy);
        await aborting;
        expect(["issued", "target_unavailable", "target_refused"]).toContain(await issuing);
      }
      for (const { handle, createBy } of started) await finallyRevoked(() => revokeOne(handle, createBy));
      expect(await left(started.map(({ handle }) => handle))).toEqual([]);
    });

    it("wins against clients that reconnect as fast as they can", async () => {
      for (let run = 0; run < STORMS; run++) {
        const { handle, credential } = await issueOne();
        let storming = true;
        const storm = Array.from({ length: 1 + (run % 4) }, async () => {
          while (storming) {
            const session = await target()
              .connect(credential)
              .catch(() => undefined);
            if (session === undefined) continue;
            await session.read().catch(() => undefined);
            await session.close().catch(() => undefined);
          }
        });
        await new Promise((resolve) => setTimeout(resolve, 30 + run));
        const outcome = await revokeOne(handle);
        const alive = await left([handle]);
        storming = false;
        await Promise.all(storm);
        expect(outcome).toMatchObject({ outcome: "revoked" });
        expect(alive).toEqual([]);
      }
    }, 120_000);

    it(`leaves nothing after ${CYCLES} cycles at the same time`, async () => {
      const cycles = await Promise.all(
        Array.from({ length: CYCLES }, async () => {
          const { handle } = await issueOne();
          return { handle, outcome: await revokeOne(handle) };
        }),
      );
      expect(cycles.filter(({ outcome }) => outcome.outcome !== "revoked")).toEqual([]);
      expect(await handlesOf(target(), TAG)).toEqual([]);
    }, 300_000);

    it.each(["dead", "silent"] as const)("says within seconds that a target is %s, and by its class", async (which) => {
      const config = target()[which];
      const handle = target().provider.plan(TAG, newId("lease"));
      const began = performance.now();
      const issuing = target().provider.issue({ ...orderFor(newId("lease"), target().role), config }, handle, never);
      const [[outcome]] = await Promise.all([
        target().provider.revoke(config, [{ handle, createBy: 0 }], never),
        expect(issuing).rejects.toMatchObject({ code: "target_unavailable" }),
      ]);
      expect(outcome).toMatchObject({ outcome: "failed", step: "connect", class: "connection", fenced: false });
      expect(performance.now() - began).toBeLessThan(8_000);
    });

    it("stops at once when the signal says so", async () => {
      const handle = target().provider.plan(TAG, newId("lease"));
      const began = performance.now();
      const [outcome] = await target().provider.revoke(
        target().silent,
        [{ handle, createBy: 0 }],
        AbortSignal.timeout(50),
      );
      expect(outcome).toMatchObject({ outcome: "failed", class: "connection" });
      expect(performance.now() - began).toBeLessThan(1_000);
    });
  });

  describe("moveEnd", () => {
    const end = (handle: Handle, expiresAt: Instant) => ({ handle, expiresAt });
    const move = (...ends: { handle: Handle; expiresAt: Instant }[]) =>
      target().provider.moveEnd(target().config, ends, never);

    it("lets in after the old end until the new one, of many at once, and a session that is open goes on", async () => {
      const issued = await Promise.all(Array.from({ length: 60 }, () => issueOne()));
      const [one] = issued;
      if (one === undefined) throw new Error("nothing was issued");
      const session = await target().connect(one.credential);
      const until = Date.now() + 3_600_000;
      expect(await move(...issued.map(({ handle }) => end(handle, until)))).toEqual(
        issued.map(() => ({ outcome: "moved" })),
      );
      for (const { handle } of issued) expect(await target().endOf(handle)).toBe(until);
      await session.read();
      await (await target().connect(one.credential)).close();
      await session.close();
      await Promise.all(issued.map(({ handle }) => revokeOne(handle)));
      expect(await move()).toEqual([]);
    });

    it("is done again without harm, and moves no end back", async () => {
      const { handle } = await issueOne();
      const until = Date.now() + 3_600_000;
      for (const at of [until, until, until - 60_000])
        expect(await move(end(handle, at))).toEqual([{ outcome: "moved" }]);
      expect(await target().endOf(handle)).toBe(until);
      await revokeOne(handle);
    });

    it("brings nothing back that is gone, was never issued, or is being revoked", async () => {
      const { handle, credential } = await issueOne();
      const unmade = target().provider.plan(TAG, newId("lease"));
      await revokeOne(handle);
      const until = Date.now() + 3_600_000;
      expect(await move(end(handle, until), end(unmade, until))).toEqual([{ outcome: "gone" }, { outcome: "gone" }]);
      expect(await left([handle, unmade])).toEqual([]);
      for (let run = 0; run < 20; run++) {
        const racing = await issueOne();
        const [, outcome] = await Promise.all([move(end(racing.handle, until)), revokeOne(racing.handle)]);
        if (outcome.outcome !== "revoked") await finallyRevoked(() => revokeOne(racing.handle, 0));
        await expect(target().connect(racing.credential)).rejects.toThrow();
        expect(await left([racing.handle])).toEqual([]);
      }
      await expect(target().connect(credential)).rejects.toThrow();
    });

    it("says within seconds that a target is dead, by its class, for each", async () => {
      const handle = target().provider.plan(TAG, newId("lease"));
      const dead = await target().provider.moveEnd(target().dead, [end(handle, 1), end(handle, 2)], never);
      expect(dead).toMatchObject([
        { outcome: "failed", class: "connection" },
        { outcome: "failed", class: "connection" },
      ]);
      const stopped = await target().provider.moveEnd(target().silent, [end(handle, 1)], AbortSignal.timeout(50));
      expect(stopped).toMatchObject([{ outcome: "failed", class: "connection" }]);
    });
  });

  describe("activity", () => {
    const activityOf = async (...handles: Handle[]) => {
      const answers = await target().provider.activity?.(target().config, handles, never);
      if (answers === undefined) throw new Error("this kind cannot tell");
      return answers;
    };
    const idleFor = async (handle: Handle): Promise<number | undefined> => {
      const [answer] = await activityOf(handle);
      if (answer?.seen === "unknown") throw new Error("the target does not tell");
      return answer?.seen === "session" ? answer.idleFor : undefined;
    };

    it("is what the target saw last in any open session: use makes it new, waiting makes it old", async () => {
      const { handle, credential } = await issueOne();
      expect(await activityOf(handle)).toEqual([{ seen: "nothing" }]);
      const [first, second] = [await target().connect(credential), await target().connect(credential)];
      await second.read();
      const old = await until(
        () => idleFor(handle),
        (ms) => (ms ?? 0) > 300,
      );
      await first.read();
      expect(await idleFor(handle)).toBeLessThan(old ?? 0);
      await Promise.all([first.close(), second.close()]);
      await until(
        () => activityOf(handle),
        ([answer]) => answer?.seen === "nothing",
      );
      await revokeOne(handle);
    });

    it("is now, for as long as something runs", async () => {
      const { handle, credential } = await issueOne();
      const session = await target().connect(credential);
      let over = false;
      const work = session.work(1_500).finally(() => {
        over = true;
      });
      await until(
        () => idleFor(handle),
        (ms) => ms === 0,
      );
      let looks = 0;
      while (!over) {
        const seen = await idleFor(handle);
        if (!over) expect(seen).toBe(0);
        looks += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(looks).toBeGreaterThan(3);
      await work;
      await until(
        () => idleFor(handle),
        (ms) => (ms ?? 0) > 0,
      );
      await session.close();
      await revokeOne(handle);
    });

    it("answers for each of many, in order, and of what never existed that there is nothing", async () => {
      const [used, unused] = [await issueOne(), await issueOne()];
      const session = await target().connect(used.credential);
      const never = target().provider.plan(TAG, newId("lease"));
      const seen = (await activityOf(unused.handle, used.handle, never)).map((answer) => answer.seen);
      expect(seen).toEqual(["nothing", "session", "nothing"]);
      expect(await activityOf()).toEqual([]);
      await session.close();
      await Promise.all([revokeOne(used.handle), revokeOne(unused.handle)]);
    });

    it("says that a target does not answer, and stops when the signal says so", async () => {
      const handle = target().provider.plan(TAG, newId("lease"));
      const { activity } = target().provider;
      await expect(activity?.(target().dead, [handle], never)).rejects.toMatchObject({ code: "target_unavailable" });
      const began = performance.now();
      await expect(activity?.(target().silent, [handle], AbortSignal.timeout(50))).rejects.toMatchObject({
        code: "target_unavailable",
      });
      expect(performance.now() - began).toBeLessThan(1_000);
    });
  });

  describe("list and check", () => {
    it("lists what this broker has there, and nothing of another's", async () => {
      const { handle } = await issueOne();
      expect(await handlesOf(target(), TAG)).toEqual([handle]);
      expect(await handlesOf(target(), TAG.slice(0, -1))).toEqual([]);
      await revokeOne(handle);
      expect(await handlesOf(target(), TAG)).toEqual([]);
    });

    it("finds nothing wrong with a target that is set up as the manual says", async () => {
      const findings = await target().provider.check(target().config, [target().role, ...target().hostileRoles], never);
      expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
    });

    it("finds that a target does not answer", async () => {
      const findings = await target().provider.check(target().dead, [target().role], never);
      expect(findings).toMatchObject([{ severity: "error" }]);
    });
  });
}

/** Asks until the answer is final: `createBy` is a moment away. */
async function finallyRevoked(revokeAgain: () => Promise<Outcome>): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const outcome = await revokeAgain();
    if (outcome.outcome === "revoked" && outcome.droppedAfterCreateBy) return;
    if (performance.now() > deadline) throw new Error(`not final: ${JSON.stringify(outcome)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Asks until the answer is as it must become, a bounded time. */
async function until<Value>(ask: () => Promise<Value>, fits: (value: Value) => boolean): Promise<Value> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const value = await ask();
    if (fits(value)) return value;
    if (performance.now() > deadline) throw new Error(`it stayed ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function handlesOf<Config, Role, Handle>(
  target: ContractTarget<Config, Role, Handle>,
  tag: string,
): Promise<Handle[]> {
  const handles: Handle[] = [];
  for await (const { handle } of target.provider.list(target.config, tag, never)) handles.push(handle);
  return handles;
}
