import type { RequestId } from "@phi/shared/ids";
import type { Changes } from "../ports/changes.js";
import { createChanges } from "./changes.js";

/** How often the audit log is looked at while somebody waits, in ms. */
const LOOK_EVERY = 300;

/** What the audit log says after a sequence number, oldest first: a bounded number of events. */
export type ReadOn = (after: number) => Promise<readonly { seq: number; request: RequestId | undefined }[]>;

export interface FollowedChanges extends Changes {
  stop(): void;
}

/**
 * Tells who waits in this process, of this broker's changes at once and of other brokers' within {@link LOOK_EVERY}: every change of a
 * request has its event, and the log has no gaps. The database is asked only while somebody waits. Somebody may be told of a
 * change twice; they read the request anew and see that it is the same.
 */
export function followChanges(needs: {
  readonly newest: () => Promise<number>;
  readonly readOn: ReadOn;
}): FollowedChanges {
  const local = createChanges();
  const waiting = new Map<RequestId, number>();
  let timer: NodeJS.Timeout | undefined;
  /** The last event that was looked at; `undefined` while nobody waits. */
  let position: number | undefined;
  let stopped = false;

  async function look(): Promise<void> {
    try {
      if (position === undefined) {
        position = await needs.newest();
        // Whoever subscribed before this and has read already may have missed what came between.
        for (const request of waiting.keys()) local.publish(request);
      } else {
        const events = await needs.readOn(position);
        const changed = new Set(events.map((event) => event.request));
        position = events.at(-1)?.seq ?? position;
        for (const request of changed) if (request !== undefined && waiting.has(request)) local.publish(request);
      }
    } catch {
      // The database does not answer; what is missed now is read later.
    }
    timer = undefined;
    plan();
  }

  function plan(): void {
    if (stopped || timer !== undefined) return;
    if (waiting.size === 0) position = undefined;
    else timer = setTimeout(look, position === undefined ? 0 : LOOK_EVERY).unref();
  }

  return {
    publish: local.publish,
    subscribe(request, listener) {
      const unsubscribe = local.subscribe(request, listener);
      waiting.set(request, (waiting.get(request) ?? 0) + 1);
      plan();
      return () => {
        unsubscribe();
        const left = (waiting.get(request) ?? 1) - 1;
        if (left > 0) waiting.set(request, left);
        else waiting.delete(request);
      };
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
