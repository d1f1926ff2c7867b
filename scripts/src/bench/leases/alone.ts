import { setTimeout as sleep } from "node:timers/promises";
import type { RequestView } from "@phi/shared/contract/request";
import type { Caller } from "../../environment/caller.js";
import { ask, takeForTheWindow } from "./ask.js";
import { createHttpClient } from "./http-client.js";
import { type Line, median } from "./line.js";
import type { World } from "./world.js";

const RUNS = 20;

/** Part a: one lease, nobody else. From the end of its window until whoever asks is told that it is proven gone. */
export async function measureAlone(world: World): Promise<Line[]> {
  const home = await world.newHome();
  const broker = await home.start();
  try {
    const alice = await world.signIn(home);
    const client = createHttpClient(home.url, alice.token, 2);
    const lags: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const request = await ask(client, 1);
      const lease = await takeForTheWindow(client, request);
      const end = Date.parse(lease.expiresAt);
      await sleep(end - Date.now() - 20);
      lags.push((await seenProven(alice, request)) - end);
    }
    client.close();
    const line = (what: string, value: number, atMost: number): Line => ({
      part: "a",
      what,
      phi: `${value.toFixed(0)} ms`,
      against: "the end of its window",
      value,
      promised: { atMost },
    });
    return [
      line("one lease alone, proven gone: median", median(lags), 50),
      line(`one lease alone, proven gone: largest of ${RUNS}`, Math.max(...lags), 500),
    ];
  } finally {
    await broker.stop();
  }
}

/** The instant at which the request was first seen with nothing left to revoke. */
async function seenProven(alice: Caller, request: string): Promise<number> {
  for (;;) {
    const { body } = await alice.call<RequestView>("GET", `/v1/requests/${request}`);
    if (body.leases.every(({ state }) => state === "revoked")) return Date.now();
    await sleep(2);
  }
}
