import { setTimeout as sleep } from "node:timers/promises";
import type { LeaseReply } from "@phi/shared/contract/lease";
import type { RequestView } from "@phi/shared/contract/request";
import pg from "pg";
import { callerWith } from "../environment/caller.js";
import type { SoakWorld } from "./world.js";

/** A call that gets no answer within this, in ms, is given up, as a person would. */
const PATIENCE = 15_000;

/** How long somebody rests after an error, in ms, more or less. */
const REST = 800;

/** What people got: leases, and errors. */
export interface Deeds {
  issued: number;
  failed: number;
}

/** One person at work: leases are taken, used, ended, left to their window's end, or forgotten; errors are shrugged off. */
export async function workAway(
  world: SoakWorld,
  deeds: Deeds,
  pause: () => number,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    try {
      await takeOne(world, deeds);
    } catch {
      deeds.failed += 1;
      await sleep(REST * (0.5 + Math.random()));
    }
    await sleep(pause() * 2 * Math.random());
  }
}

async function takeOne({ seats, token }: SoakWorld, deeds: Deeds): Promise<void> {
  const post = async <Body>(path: string, body: unknown = {}): Promise<Body> => {
    const seat = seats[Math.floor(Math.random() * seats.length)];
    const answer = await callerWith(seat?.url ?? "", token).call<Body>(
      "POST",
      path,
      body,
      AbortSignal.timeout(PATIENCE),
    );
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status}`);
    return answer.body;
  };
  const chance = Math.random();
  const staysToTheEnd = chance < 0.25;
  const { request } = await post<RequestView>("/v1/requests", {
    resource: "db-prod",
    role: "readonly",
    duration: staysToTheEnd ? 2 + Math.floor(3 * Math.random()) : 600,
  });
  const order = { request, use: staysToTheEnd ? "window" : "command", command: ["psql"], host: "soak" };
  const { lease, environment } = await post<LeaseReply>("/v1/leases", order);
  deeds.issued += 1;
  if (staysToTheEnd) {
    await post(`/v1/leases/${lease}/acknowledge`);
    // Its session is left open: the end of the window has to cut it.
    void look(environment.DATABASE_URL).catch(() => undefined);
    return;
  }
  if (chance < 0.35) return; // the laptop was closed
  const session = chance < 0.6 ? await look(environment.DATABASE_URL) : undefined;
  await sleep(300 * Math.random());
  await session?.end().catch(() => undefined);
  if (chance < 0.9) await post(`/v1/leases/${lease}/end`, { exitCode: 0, because: "command_ended" });
  else await post(`/v1/requests/${request}/end`);
}

async function look(connectionString: string | undefined): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on("error", () => undefined); // cut, as it should be
  await client.connect();
  await client.query("select count(*) from orders");
  return client;
}
