import type { Ending } from "./ending.js";
import type { UnderLease } from "./under-lease.js";

/**
 * Runs a command under a lease that is being asked for. First the call is let out onto the wire (two turns of the event
 * loop: connect, write), then the code that needs child_process is loaded, in the time the broker takes anyway.
 */
export async function startUnderLease(order: UnderLease): Promise<Ending> {
  // Judged where it is awaited; it must not count as unhandled until then.
  order.lease.catch(() => {});
  await nextTurn();
  await nextTurn();
  const { runUnderLease } = await import("./under-lease.js");
  return runUnderLease(order);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
