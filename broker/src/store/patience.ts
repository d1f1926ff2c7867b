import { LibsqlError } from "@libsql/client";
import { PhiError } from "@phi/shared/errors";
import type { Log } from "../ports/log.js";

/** So long, in ms, a start waits for its database; then it ends, and whoever started the broker decides. */
export const WAIT_AT_START = 120_000;
const AGAIN_AFTER = 250;
const TELL_EVERY = 10_000;
/** A start is made of few steps; more causes than this in a row are a mistake. */
const MOST_CAUSES = 5;

/** Does a step of the start; for as long as the database gives no answer, again. A step must bear to be done twice. */
export type Patience = <T>(step: () => Promise<T>) => Promise<T>;

/** For a file: what fails there would fail again. */
export const noPatience: Patience = (step) => step();

/**
 * A broker that is started while its database is silent, or restarting, waits for it and says so: one that ended at once would be started
 * again and again by its service manager, with pauses that grow. One wait for the whole start, so that it is bounded.
 *
 * @param address of the database, for operators
 * @param within in ms; from now on
 */
export function createPatience({
  address,
  within,
  log,
}: {
  readonly address: string;
  readonly within: number;
  readonly log: Log;
}): Patience {
  const began = performance.now();
  let toldAt: number | undefined;
  const seconds = () => Math.round((performance.now() - began) / 1_000);

  function tell(error: unknown): void {
    if (toldAt !== undefined && performance.now() - toldAt < TELL_EVERY) return;
    toldAt = performance.now();
    log.warn("waiting for the database", {
      database: address,
      because: error instanceof Error ? rootOf(error).message : "unknown",
      waitedSeconds: seconds(),
      givesUpAfterSeconds: within / 1_000,
    });
  }

  return async (step) => {
    let hasWaited = false;
    for (;;) {
      try {
        const done = await step();
        if (hasWaited) log.info("the database answers", { database: address, waitedSeconds: seconds() });
        return done;
      } catch (error) {
        if (!isNoAnswer(error) || performance.now() - began + AGAIN_AFTER > within) throw error;
        hasWaited = true;
        tell(error);
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER * (0.5 + Math.random())));
    }
  };
}

/** Whether the server said nothing, or that it cannot just now (busy, a proxy without its server), rather than no. */
export function isNoAnswer(error: unknown): boolean {
  return causesOf(error).some((one) => {
    if (one instanceof PhiError) return one.code === "store_unavailable" && one.data?.answered === false;
    if (!(one instanceof LibsqlError)) return false;
    return /^SQLITE_(?:BUSY|LOCKED)/.test(one.code) || isServerFailure(one.cause);
  });
}

function isServerFailure(error: unknown): boolean {
  const status = error instanceof Error && "status" in error ? Number(error.status) : 0;
  return status >= 500 || status === 429;
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let one = error; one !== undefined && causes.length < MOST_CAUSES; )
    one = causes.push(one) && one instanceof Error ? one.cause : undefined;
  return causes;
}

/** What it was before others told it on: the wording of {@link PhiError}s, or the driver's. */
function rootOf(error: Error): Error {
  const found = causesOf(error).filter((one) => one instanceof PhiError || one instanceof LibsqlError);
  return found.findLast((one) => one instanceof Error) ?? error;
}
