import { PhiError } from "@phi/shared/errors";
import { parseId } from "@phi/shared/ids";
import type { Peek } from "../argv.js";
import { openHotClient } from "../broker-client/hot-client-open.js";
import type { Ending } from "../child/ending.js";
import { keepAlive } from "../child/keep-alive.js";

/** The shortest and longest time between two beats that make sense, in ms. */
const PACE = { least: 250, most: 60_000 } as const;

const SIGNED_OUT: readonly string[] = ["sign_in_required", "sign_in_expired"];

/**
 * `phi stand-in LEASE MILLISECONDS`, which phi starts when it is suspended (`child/stand-in.ts`); in no help. Beats for the lease
 * until its standard input ends, the lease is over, or the sign-in is.
 */
export async function standIn(peek: Peek, env: Readonly<Record<string, string | undefined>>): Promise<Ending> {
  const [typed = "", pace = ""] = peek.args;
  const lease = parseId("lease", typed);
  const everyMs = Number(pace);
  if (lease === undefined || !(everyMs >= PACE.least && everyMs <= PACE.most) || process.stdin.isTTY === true)
    throw new PhiError("usage", "phi itself starts this when it is suspended.", { hint: "phi exec -- COMMAND" });
  const dismissed = new Promise<void>((resolve) => {
    process.stdin.once("end", resolve).once("error", () => resolve());
    process.stdin.resume();
  });
  const { client } = await openHotClient(peek.globals, env);
  let beats: ReturnType<typeof keepAlive> | undefined;
  const over = new Promise<void>((resolve) => {
    const quiet = {
      remaining: () => undefined,
      heard: () => undefined,
      silent: () => undefined,
      idle: () => undefined,
    };
    // Once signed out, nobody here can beat for it any more: it is silent, and the broker revokes it.
    const beat = () =>
      client.heartbeat(lease).catch((error: unknown) => {
        if (error instanceof PhiError && SIGNED_OUT.includes(error.code)) resolve();
        throw error;
      });
    beats = keepAlive(beat, everyMs, { ...quiet, ended: () => resolve() });
    beats.beatNow();
  });
  await Promise.race([dismissed, over]);
  beats?.stop();
  return { code: 0 };
}
