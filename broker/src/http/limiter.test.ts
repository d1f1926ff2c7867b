import { Hono } from "hono";
import { expect, it } from "vitest";
import { limitByAddress } from "./limiter.js";

it("an address gets a burst, then a trickle, and does not use up another's share", async () => {
  let now = 0;
  const app = new Hono();
  app.use(limitByAddress({ now: () => now }));
  app.get("/", (context) => context.text("ok"));
  app.onError((_error, context) => context.text("no", 429));
  const call = async (remoteAddress: string) =>
    (await app.request("/", {}, { incoming: { socket: { remoteAddress } } })).status;

  const burst = await Promise.all(Array.from({ length: 40 }, () => call("10.0.0.1")));
  expect(burst.filter((status) => status === 200)).toHaveLength(30);
  expect(await call("10.0.0.2")).toBe(200);
  now += 1_000;
  const second = await Promise.all(Array.from({ length: 10 }, () => call("10.0.0.1")));
  expect(second.filter((status) => status === 200).length).toBeLessThanOrEqual(5);
  expect(second.filter((status) => status === 200).length).toBeGreaterThanOrEqual(4);
  now -= 86_400_000; // the clock is stepped back: nobody is locked out for a day, nobody gets more
  expect([200, 429]).toContain(await call("10.0.0.1"));
  now += 86_400_000 + 10_000;
  expect(await call("10.0.0.1")).toBe(200);
});
