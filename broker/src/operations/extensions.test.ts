import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hashOf } from "../domain/approve.js";
import { allow, deny, person } from "../domain/policy/policy.testing.js";
import type { Principal } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import { entry, issuingLease, openTemporaryLedger } from "../store/store.testing.js";
import { type Active, alice, callerOf, type House, leads, openHouse, type Weather } from "./house.testing.js";

const MINUTE = 60_000;
const [lea, lou] = leads as [Principal, Principal];
const rule = allow({
  name: "engineers read production",
  resources: ["db-*"],
  roles: ["readonly", "readwrite"],
  maxDuration: 7_200,
});
const quick = allow({ ...rule, name: "half an hour at once", maxDuration: 1_800, approval: undefined });

let open: Awaited<ReturnType<typeof openTemporaryLedger>>;
let weather: Weather;
let there: House;
let told: number[];
beforeEach(async () => {
  open = await openTemporaryLedger();
  told = [];
  weather = {
    rules: [rule],
    now: 10 * MINUTE,
    moveEnd: async (ends) => {
      told.push(...ends.map(({ expiresAt }) => expiresAt));
      return ends.map(() => ({ outcome: "moved" }));
    },
  };
  there = openHouse(open, weather);
});
afterEach(() => open.close());

describe("an extension", () => {
  it("waits for the people that policy names, and their yes moves the end of the window and of its live leases at once", async () => {
    const window = await there.opened();
    const lease = await there.leaseOf(window);
    const asked = await there.extend(window, 900);
    expect(asked).toMatchObject({
      state: "pending",
      duration: 900,
      role: "readonly",
      extends: { of: window.id, startedAt: window.startedAt, from: window.expiresAt },
      pendingUntil: window.expiresAt,
    });
    expect(await there.reload(window)).toMatchObject({ expiresAt: window.expiresAt });
    const { request } = await there.answer(lea, asked);
    const until = window.expiresAt + 15 * MINUTE;
    expect(request).toMatchObject({ state: "extended", approvedAt: weather.now, endedAt: weather.now });
    expect(await there.reload(window)).toMatchObject({ state: "active", expiresAt: until });
    expect(await there.leaseNow(lease)).toMatchObject({ state: "active", expiresAt: until });
    expect(told).toEqual([until]);
    expect(await there.kinds(asked.id)).toEqual(["request.approved"]);
    expect(await there.kinds(window.id)).toEqual(["lease.planned", "request.extended", "lease.extended"]);
    expect(
      (await open.ledger.audit({ limit: 100, request: window.id })).map(({ kind, request: id }) => [
        kind,
        id === window.id,
      ]),
    ).toContainEqual(["request.created", false]);
  });

  it("is given at once where policy lets the whole window be had without an approver, and needs people beyond that", async () => {
    weather.rules = [quick, rule];
    const window = await there.opened({ expiresAt: weather.now + 10 * MINUTE, duration: 600 });
    expect(await there.extend(window, 1_200)).toMatchObject({ state: "extended", stages: [], policy: quick.name });
    const more = await there.extend(window, 60);
    expect(more).toMatchObject({ state: "pending", policy: rule.name });
    expect(await there.reload(window)).toMatchObject({ expiresAt: window.expiresAt + 20 * MINUTE });
  });

  it("is refused when the whole window would be longer than policy allows, with the longest that there can be", async () => {
    const window = await there.opened();
    await expect(there.extend(window, 5_401)).rejects.toMatchObject({
      code: "refused_by_policy",
      message: expect.stringContaining("the longest is 2h"),
      hint: `The longest that is possible: phi extend ${window.id} --for 1h30m`,
    });
    weather.rules = [allow({ ...rule, maxDuration: 1_800 })];
    await expect(there.extend(window, 60)).rejects.toMatchObject({
      hint: "Ask anew: phi request db-prod --role readonly",
    });
    expect(await there.kinds(window.id)).toEqual(["request.refused", "request.refused"]);
  });

  it("is judged by the policy of now: reason, deny and groups as for any request", async () => {
    const window = await there.opened();
    weather.rules = [allow({ ...rule, reason: "required", reasonPattern: "INC-*" })];
    await expect(there.extend(window, 60)).rejects.toMatchObject({ code: "refused_by_policy" });
    weather.rules = [rule, deny({})];
    await expect(there.extend(window, 60)).rejects.toMatchObject({ code: "refused_by_policy" });
    weather.rules = [rule];
    await expect(there.extend(window, 60, undefined, { ...alice, groups: [] })).rejects.toMatchObject({
      code: "refused_by_policy",
    });
    const asked = await there.extend(window, 60);
    weather.rules = [rule, deny({})];
    await expect(there.answer(lea, asked)).rejects.toMatchObject({ code: "refused_by_policy" });
    expect(await there.reload(window)).toMatchObject({ expiresAt: window.expiresAt });
  });

  it("is asked for by whose window it is, while it is open; nobody else learns that it exists", async () => {
    const window = await there.opened();
    await expect(there.extend(window, 60, undefined, person("mallory", "engineering"))).rejects.toMatchObject({
      code: "not_found",
    });
    await expect(there.extend(window, 60, undefined, lea)).rejects.toMatchObject({ code: "not_permitted" });
    await expect(there.extend(await there.asked(), 60)).rejects.toMatchObject({ code: "wrong_state" });
    const unused = await there.asked({
      state: "approved",
      approvedAt: 1_000,
      claimUntil: weather.now + MINUTE,
    } as Partial<Request>);
    await expect(there.extend(unused, 60)).rejects.toMatchObject({
      code: "wrong_state",
      hint: expect.stringContaining("phi exec"),
    });
    weather.now = window.expiresAt;
    await expect(there.extend(window, 60)).rejects.toMatchObject({
      code: "window_over",
      hint: expect.stringContaining("phi request db-prod"),
    });
    await there.pass();
    await expect(there.extend(window, 60)).rejects.toMatchObject({ code: "window_over" });
  });

  it("of an extension is one of the window that it extends; one waits at a time, and one key is one extension", async () => {
    const window = await there.opened();
    const first = await there.extend(window, 60, "key");
    expect(await there.extend(window, 60, "key")).toEqual(first);
    await expect(there.extend(window, 120, "key")).rejects.toMatchObject({ code: "invalid_input" });
    await expect(there.extend(window, 60)).rejects.toMatchObject({ code: "wrong_state", data: { request: first.id } });
    await there.answer(lea, first);
    expect(await there.extend(window, 60, "key")).toMatchObject({ id: first.id, state: "extended" });
    const second = await there.extend(first, 120);
    expect(second.extends).toEqual({ of: window.id, startedAt: window.startedAt, from: window.expiresAt + MINUTE });
    await there.close(alice, second, "withdraw");
    expect(await there.extend(second, 60)).toMatchObject({ state: "pending", extends: { of: window.id } });
  });

  it("may be offered shorter, never with another role; what is accepted is what the window gets", async () => {
    const window = await there.opened();
    const asked = await there.extend(window, 1_800);
    await expect(there.offer(lea, asked, { role: "readwrite", duration: 60 })).rejects.toMatchObject({
      code: "invalid_input",
    });
    await there.offer(lea, asked, { duration: 600 });
    const { request } = await there.accept(asked, { role: "readonly", duration: 600 });
    expect(request).toMatchObject({ state: "extended", duration: 600 });
    expect(await there.reload(window)).toMatchObject({ expiresAt: window.expiresAt + 10 * MINUTE });
    const [yes] = await open.ledger.approvals([asked.id]);
    expect(yes?.requestHash).toBe(hashOf(request));
    expect(await there.kinds(asked.id)).toEqual(["offer.made", "offer.accepted", "request.approved"]);
  });

  it("binds the yes to whose window it extends and until when", async () => {
    const window = await there.opened();
    const asked = await there.extend(window, 900);
    const another = { ...asked, extends: { ...asked.extends, from: window.expiresAt + MINUTE } } as Request;
    for (const other of [another, { ...asked, extends: undefined } as Request]) {
      expect(hashOf(other)).not.toBe(hashOf(asked));
      await expect(there.answer(lea, other)).rejects.toMatchObject({ code: "not_as_seen" });
    }
  });

  it.each(["end", "revoke"] as const)(
    "lapses in the same batch when its window is over by %s, and the yes comes too late",
    async (closing) => {
      const window = await there.opened();
      const asked = await there.extend(window, 900);
      await there.close(closing === "end" ? alice : lea, window, closing);
      expect(await there.reload(asked)).toMatchObject({
        state: "lapsed",
        endComment: "the access that it was to extend is over",
      });
      expect(await there.kinds(asked.id)).toEqual(["request.lapsed"]);
      await expect(there.answer(lea, asked)).rejects.toMatchObject({
        code: "already_decided",
        message: expect.stringContaining("the access that it was to extend is over"),
      });
    },
  );

  it("is closed by a yes that comes after the end of its window, before anybody has ended that", async () => {
    const window = await there.opened();
    const asked = await there.extend(window, 900);
    weather.now = window.expiresAt;
    await expect(there.answer(lea, asked)).rejects.toMatchObject({ code: "window_over" });
    expect(await there.reload(asked)).toMatchObject({ state: "lapsed" });
    await there.pass();
    expect(await there.reload(window)).toMatchObject({
      state: "ended",
      expiresAt: window.expiresAt,
      endedAt: window.expiresAt,
    });
    expect(await there.kinds(asked.id)).toEqual(["request.lapsed"]);
  });

  it("of a request for one command goes with it, and lapses with its end", async () => {
    const window = await there.opened({ once: true });
    const lease = await there.leaseOf(window);
    await there.answer(lea, await there.extend(window, 900));
    expect(await there.leaseNow(lease)).toMatchObject({ expiresAt: window.expiresAt + 15 * MINUTE });
    const asked = await there.extend(window, 60);
    weather.now += 31_000; // its command fell silent
    await there.pass();
    expect(await there.reload(window)).toMatchObject({ state: "ended", endedBecause: "used_once" });
    expect(await there.reload(asked)).toMatchObject({ state: "lapsed" });
  });

  it("gives nobody a credential of its own, and takes no second window", async () => {
    const window = await there.opened();
    const asked = await there.extend(window, 900);
    await there.answer(lea, asked);
    await expect(there.findUsable(callerOf(alice), { request: asked.id })).rejects.toMatchObject({
      code: "no_usable_request",
    });
    expect(await there.findUsable(callerOf(alice), {})).toMatchObject({ id: window.id });
    const { lease, session } = issuingLease(asked, { expiresAt: weather.now + MINUTE });
    const inserted = await open.ledger.commit({
      guard: { do: "insert_lease", lease, session, at: weather.now, idempotencyKey: undefined },
      events: [entry("lease.planned", asked)],
    });
    expect(inserted).toBe("lost_race");
  });

  it("a window whose end a broker of before wrote with a fraction of a millisecond ends by its time, and its credential with it", async () => {
    const end = weather.now + 30 * MINUTE + 0.568_115_234_375;
    const window = await there.opened({ expiresAt: end } as Partial<Request>);
    const lease = await there.leaseOf(window, "window");
    await there.keep(lease);
    weather.now = Math.ceil(end);
    await there.pass();
    expect(await there.reload(window)).toMatchObject({ state: "ended", endedBecause: "expired" });
    expect((await there.leaseNow(lease)).state).toBe("revoking");
  });

  it("gives the review of an emergency the same time after the later end", async () => {
    const emergency = { reviewers: ["group:db-leads"], notify: [], reviewBy: weather.now + 90 * MINUTE } as const;
    const window = await there.opened({ emergency });
    await there.answer(lea, await there.extend(window, 900));
    expect(await there.reload(window)).toMatchObject({ emergency: { reviewBy: emergency.reviewBy + 15 * MINUTE } });
    expect(await open.ledger.lateReviews(emergency.reviewBy, 10)).toEqual([]);
    expect(await open.ledger.lateReviews(emergency.reviewBy + 15 * MINUTE, 10)).toHaveLength(1);
  });
});

describe("a live lease of a window that is extended", () => {
  it.each(["command", "window"] as const)("lives past the old end and ends at the new one: %s", async (use) => {
    const window = await there.opened();
    const lease = await there.leaseOf(window, use);
    expect(await there.keep(lease)).toMatchObject({ expiresInMs: 30 * MINUTE });
    await there.answer(lea, await there.extend(window, 900));
    for (; weather.now < window.expiresAt + 15 * MINUTE; weather.now += 20_000) {
      if (use === "command") await there.keep(lease);
      await there.pass();
      expect((await there.leaseNow(lease)).state).toBe("active");
    }
    await there.pass();
    expect(await there.leaseNow(lease)).toMatchObject({ state: "revoking", because: "window_over" });
    expect(await there.reload(window)).toMatchObject({ state: "ended", endedAt: window.expiresAt + 15 * MINUTE });
  });

  it("that nobody acknowledged is not trusted for longer by it", async () => {
    const window = await there.opened();
    const lease = await there.leaseOf(window, "window");
    await there.answer(lea, await there.extend(window, 900));
    weather.now += 30_000;
    await there.pass();
    expect(await there.leaseNow(lease)).toMatchObject({ state: "revoking", because: "not_acknowledged" });
  });

  it("is kept alive by a heartbeat that was under way, 100 of 100 times", async () => {
    for (let round = 0; round < 100; round++) {
      const window = await there.opened();
      const lease = await there.leaseOf(window);
      const asked = await there.extend(window, 900);
      const [beat] = await Promise.all([there.keep(lease), there.answer(lea, asked)]);
      expect(beat.state).toBe("active");
      const after = await there.leaseNow(lease);
      expect(after).toMatchObject({ state: "active", expiresAt: window.expiresAt + 15 * MINUTE });
      // Due by its heart, not by an end that it does not have any more.
      expect(await open.ledger.dueLeases(weather.now + 30_000 - 1, 500, [])).not.toContainEqual(after);
    }
  });

  it("whose target does not take the new end lags, says so once, and is tried until it does", async () => {
    const window = await there.opened();
    const lease = await there.leaseOf(window, "window");
    await there.keep(lease);
    const well = weather.moveEnd;
    weather.moveEnd = async (ends) =>
      ends.map(() => ({ outcome: "failed", class: "connection", message: "the connection is refused" }));
    await there.answer(lea, await there.extend(window, 900));
    expect(await open.ledger.laggingLeases(10, [])).toMatchObject([
      { id: lease.id, targetExpiresAt: window.expiresAt },
    ]);
    for (let pass = 0; pass < 20; pass++) {
      weather.now += 1_000;
      await there.pass();
      await there.followWindow.idle();
    }
    weather.moveEnd = well;
    // Extended again meanwhile: the target gets the newest end only.
    await there.answer(lea, await there.extend(window, 300));
    for (let pass = 0; pass < 20; pass++) {
      weather.now += 2_000;
      await there.pass();
      await there.followWindow.idle();
    }
    expect(await open.ledger.laggingLeases(10, [])).toEqual([]);
    expect(told).toEqual([window.expiresAt + 20 * MINUTE]);
    const own = (await there.kinds(window.id)).filter((kind) => kind.startsWith("lease.ext"));
    expect(own).toEqual(["lease.extension_failed", "lease.extended"]);
  });
});

it("through whatever extensions, a window is never longer than the rule that gave it, and ends when its events say", async () => {
  const rules = [quick, rule, allow({ ...rule, name: "a little more", maxDuration: 2_700, approval: undefined })];
  const step = fc.record({
    duration: fc.integer({ min: 1, max: 8_000 }),
    offer: fc.option(fc.integer({ min: 1, max: 8_000 })),
    pause: fc.integer({ min: 0, max: 600_000 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(rules, { minLength: 1 }),
      fc.array(step, { minLength: 1, maxLength: 8 }),
      async (policy, steps) => {
        weather.rules = policy;
        const window = await there.opened({ expiresAt: weather.now + 10 * MINUTE, duration: 600 });
        let until = window.expiresAt;
        for (const { duration, offer, pause } of steps) {
          weather.now = Math.min(weather.now + pause, until - 1);
          const asked = await there.extend(window, duration).catch(() => undefined);
          if (asked === undefined) continue;
          if (asked.state === "pending" && offer !== null) {
            await there.offer(lou, asked, { duration: offer }).catch(() => undefined);
            await there.accept(asked, { role: "readonly", duration: offer }).catch(() => undefined);
          }
          if ((await there.reload(asked)).state === "pending") await there.answer(lea, asked);
          const given = await there.reload(asked);
          expect(given.state).toBe("extended");
          until += given.duration * 1_000;
          const after = (await there.reload(window)) as Active;
          expect(after.expiresAt).toBe(until);
          const deciding = policy.find(({ name }) => name === given.policy);
          expect(after.expiresAt - after.startedAt).toBeLessThanOrEqual((deciding?.maxDuration ?? 0) * 1_000);
        }
        await there.close(alice, window, "end");
      },
    ),
    { numRuns: 40 },
  );
}, 120_000);
