import { type FaultWorld, openFaultWorld } from "@phi/scripts/faults/case";
import { findFaults, runFaults, weightiest } from "@phi/scripts/faults/matrix";
import { afterAll, beforeAll, expect, it } from "vitest";

let world: FaultWorld;
beforeAll(async () => {
  world = await openFaultWorld();
});
afterAll(() => world?.close());

it("a broker killed wherever it writes or calls a target leaves a target that equals its ledger, and one event per transition", async () => {
  const faults = weightiest(await findFaults(world, undefined, 1));
  expect(faults.length).toBeGreaterThan(25);
  const verdicts = await runFaults(world, faults, { restart: "here" });
  expect(verdicts.filter(({ came }) => came === "wrong")).toEqual([]);
  // The loop's timer has its own pace, so a story may pass by a point that was there the first time.
  expect(verdicts.filter(({ came }) => came === "right").length).toBeGreaterThan(faults.length * 0.9);
}, 300_000);
