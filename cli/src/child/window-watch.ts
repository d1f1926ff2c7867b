import { setAlarm } from "./alarm.js";
import { monotonicMs } from "./monotonic.js";

/** Warnings before the end of the window, in minutes. */
const WARNINGS = [5, 1] as const;
const MINUTE = 60_000;
/** A correction smaller than this, in ms, is the network's jitter and moves nothing. */
const JITTER = 1_000;
/** An end that comes this much later, in ms, than it was said to come is that of an extended window. */
const EXTENDED = 5_000;

export interface WindowEvents {
  /** So many minutes are left. Each is told once for one end of the window, and only when more than that was left at first. */
  warn(minutes: number): void;
  /** The window became longer; so much is left of it now, in ms. */
  extended(remaining: number): void;
  over(): void;
}

export interface WindowWatch {
  /** What is left now, in ms, by the broker's clock: the first time, and again with each heartbeat. */
  set(remaining: number): void;
  /** Whether the end has come, as far as it is known. */
  isOver(): boolean;
  stop(): void;
}

/** Watches the end of one window. Only lengths of time from the broker are used, never this machine's idea of the date. */
export function watchWindow(events: WindowEvents): WindowWatch {
  let alarms: (() => void)[] = [];
  let due: number | undefined;
  const told = new Set<number>();

  function stop(): void {
    for (const cancel of alarms) cancel();
    alarms = [];
  }

  return {
    set(remaining) {
      const end = monotonicMs() + remaining;
      if (due !== undefined && Math.abs(end - due) < JITTER) return;
      const isExtended = due !== undefined && end - due >= EXTENDED;
      due = end;
      if (isExtended) {
        for (const minutes of WARNINGS) if (remaining > minutes * MINUTE) told.delete(minutes);
        events.extended(remaining);
      }
      stop();
      alarms.push(setAlarm(remaining, events.over));
      for (const minutes of WARNINGS) {
        const before = remaining - minutes * MINUTE;
        if (before <= 0 || told.has(minutes)) continue;
        alarms.push(
          setAlarm(before, () => {
            told.add(minutes);
            events.warn(minutes);
          }),
        );
      }
    },
    isOver: () => due !== undefined && monotonicMs() >= due - JITTER,
    stop,
  };
}
