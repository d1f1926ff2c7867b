import type { KeepCalendars } from "../operations/keep-calendars.js";
import type { CalendarSource } from "../ports/calendars.js";

/** The start of the broker waits so long for calendars of which it has no copy, in ms. */
const FIRST_WITHIN = 3_000;

export interface CalendarLoop {
  /** Resolves when there is something of every calendar, or after a while. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** One timer per calendar, so that a source that hangs delays no other. */
export function createCalendarLoop({
  sources,
  keepCalendars,
}: {
  readonly sources: readonly CalendarSource[];
  readonly keepCalendars: KeepCalendars;
}): CalendarLoop {
  const timers = new Map<string, NodeJS.Timeout>();
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();

  function turn(source: CalendarSource): Promise<void> {
    const work = keepCalendars.refresh(source, stopping.signal).finally(() => {
      running.delete(work);
      if (!stopping.signal.aborted) timers.set(source.name, setTimeout(() => void turn(source), source.every).unref());
    });
    running.add(work);
    return work;
  }

  return {
    async start() {
      await keepCalendars.begin();
      const missing = sources.filter(({ name }) => !keepCalendars.isGood(name));
      for (const source of sources) if (!missing.includes(source)) void turn(source);
      if (missing.length === 0) return;
      const waited = new Promise((resolve) => setTimeout(resolve, FIRST_WITHIN).unref());
      await Promise.race([Promise.all(missing.map(turn)), waited]);
    },
    async stop() {
      stopping.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running);
      for (const source of sources) source.close();
    },
  };
}
