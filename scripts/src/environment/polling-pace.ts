/** Pace of a device client, RFC 8628 §3.5: whoever polls too soon is told to slow down, by 5 seconds each time. */
export interface PollingPace {
  /** Whether this poll came too soon. Counts it. */
  tooSoon(deviceCode: string, now: number): boolean;
}

/** @param interval what clients were told to wait between polls, in seconds */
export function createPollingPace(interval: number): PollingPace {
  const polls = new Map<string, { at: number; interval: number }>();
  return {
    tooSoon(deviceCode, now) {
      if (polls.size > 1_000) {
        for (const [code, poll] of polls) if (now - poll.at > 600_000) polls.delete(code);
      }
      const last = polls.get(deviceCode);
      // A fifth of tolerance: timers and networks jitter, and an honest client must not be punished for it.
      const early = last !== undefined && now - last.at < last.interval * 800;
      polls.set(deviceCode, { at: now, interval: (last?.interval ?? interval) + (early ? 5 : 0) });
      return early;
    },
  };
}
