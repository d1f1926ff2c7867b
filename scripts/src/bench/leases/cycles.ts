import { ask, takeForACommand } from "./ask.js";
import { bareCycles, connect } from "./bare-loop.js";
import { createHttpClient, type HttpClient } from "./http-client.js";
import { type Line, median } from "./line.js";
import type { World } from "./world.js";

const WORKERS = 8;
const ROUNDS = 5;
const ROUND_MS = 3_000;
/** Uncounted, in ms. A broker runs for weeks; for its first thousand leases the machine mostly compiles it. */
const WARM_MS = 12_000;

/** Part c: whole lives of credentials per second, through phi's API with its audit log, against the bare loop, turn by turn. */
export async function measureCycles(world: World): Promise<Line[]> {
  const home = await world.newHome();
  const broker = await home.start();
  const bare = await connect(world.accountUrl, WORKERS);
  try {
    const alice = await world.signIn(home);
    const client = createHttpClient(home.url, alice.token, WORKERS);
    await phiCycles(client, WARM_MS);
    await bareCycles(bare, 500);
    const rounds: { phi: number; bare: number }[] = [];
    for (let round = 0; round < ROUNDS; round++)
      rounds.push({ bare: await bareCycles(bare, ROUND_MS), phi: await phiCycles(client, ROUND_MS) });
    client.close();
    return [
      {
        part: "c",
        what: `issue and revoke through the API, ${WORKERS} workers`,
        phi: `${median(rounds.map(({ phi }) => phi)).toFixed(0)} /s`,
        against: `bare loop ${median(rounds.map(({ bare: one }) => one)).toFixed(0)} /s`,
        value: median(rounds.map(({ phi, bare: one }) => phi / one)),
        promised: { atLeast: 1 },
      },
    ];
  } finally {
    await Promise.all(bare.map((one) => one.end()));
    await broker.stop();
  }
}

/** Each worker under a request of its own, as different people would be. */
async function phiCycles(client: HttpClient, forMs: number): Promise<number> {
  const requests = await Promise.all(Array.from({ length: WORKERS }, () => ask(client, 600)));
  const begin = performance.now();
  const counts = await Promise.all(
    requests.map(async (request) => {
      let done = 0;
      for (; performance.now() - begin < forMs; done++) {
        const { lease } = await takeForACommand(client, request);
        const end = { exitCode: 0, because: "command_ended" };
        const { state } = await client.post<{ state: string }>(`/v1/leases/${lease}/end`, end);
        if (state !== "revoked") throw new Error(`${lease} is ${state} after its end`);
      }
      return done;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - begin) / 1000);
}
