import { fileURLToPath } from "node:url";
import { ask, takeForACommand } from "../leases/ask.js";
import { createHttpClient, type HttpClient } from "../leases/http-client.js";
import { openWorld } from "../leases/world.js";
import { type Line, quantile } from "./line.js";

const ROUNDS = 21;
/** Leases of a round, one after the other. */
const LEASES = 20;
const UNSIGNED = fileURLToPath(new URL("unsigned-broker.js", import.meta.url));

/**
 * A lease on a real PostgreSQL, through the API, until its credential is in hand: by a broker as it is, and by one whose events are on record and no more,
 * in turns.
 */
export async function measureIssuePath(): Promise<Line[]> {
  const world = await openWorld("least");
  const undo: (() => Promise<void>)[] = [() => world.close()];
  try {
    const sides = [];
    for (const program of [undefined, { file: UNSIGNED, args: [] }]) {
      const home = await world.newHome();
      const broker = await home.start({ program });
      undo.push(() => broker.stop());
      const { token } = await world.signIn(home);
      const client = createHttpClient(home.url, token, 1);
      undo.push(async () => client.close());
      const request = await ask(client, 3_600);
      await issue(client, request); // warm, uncounted
      sides.push({ client, request, times: [] as number[] });
    }
    const [signed, unsigned] = sides;
    if (signed === undefined || unsigned === undefined) throw new Error("both brokers run");
    const ratios: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const order = round % 2 === 0 ? [signed, unsigned] : [unsigned, signed];
      for (const side of order) side.times.push(await issue(side.client, side.request));
      ratios.push((signed.times.at(-1) ?? Number.NaN) / (unsigned.times.at(-1) ?? Number.NaN));
    }
    const ms = (times: readonly number[]) => `${quantile(times, 0.5).toFixed(2)} ms`;
    return [
      {
        what: "a lease issued on PostgreSQL through the API, with tree and checkpoint",
        phi: ms(signed.times),
        against: `without them ${ms(unsigned.times)}`,
        value: quantile(ratios, 0.5),
        unit: "×",
        promised: { atMost: 1.25 },
      },
    ];
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** The median time, in ms, that a lease takes to be issued; how it ends is not measured. */
async function issue(client: HttpClient, request: string): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < LEASES; n++) {
    const begin = performance.now();
    const { lease } = await takeForACommand(client, request);
    times.push(performance.now() - begin);
    await client.post(`/v1/leases/${lease}/end`, { exitCode: 0, because: "command_ended" });
  }
  return quantile(times, 0.5);
}
