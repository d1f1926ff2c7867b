import { monotonicMs } from "./monotonic.js";

/** The longest delay of setTimeout, in ms; above it the timer fires at once (HTML standard, "timer initialization"). */
const LONGEST_DELAY = 2 ** 31 - 1;

/**
 * Calls `ring` once after `delay` ms of the monotonic clock, however long that is. Gives the way to take it back.
 * A process that was stopped (Ctrl-Z) rings late, when it goes on.
 */
export function setAlarm(delay: number, ring: () => void): () => void {
  const due = monotonicMs() + delay;
  let timer: NodeJS.Timeout;
  const wait = () => {
    const rest = due - monotonicMs();
    timer = rest <= LONGEST_DELAY ? setTimeout(ring, Math.max(0, rest)) : setTimeout(wait, LONGEST_DELAY);
  };
  wait();
  return () => clearTimeout(timer);
}
