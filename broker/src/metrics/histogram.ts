/** Counts observations in cumulative buckets, as Prometheus wants them. */
export interface Histogram {
  observe(value: number): void;
  /** The lines of the text format, without the type. */
  lines(name: string): string[];
}

/** @param bounds upper bounds, ascending; `+Inf` is added. */
export function createHistogram(bounds: readonly number[]): Histogram {
  const counts = bounds.map(() => 0);
  let sum = 0;
  let count = 0;
  return {
    observe(value) {
      const bucket = bounds.findIndex((bound) => value <= bound);
      if (bucket >= 0) counts[bucket] = (counts[bucket] ?? 0) + 1;
      sum += value;
      count += 1;
    },
    lines(name) {
      let total = 0;
      const buckets = bounds.map((bound, index) => {
        total += counts[index] ?? 0;
        return `${name}_bucket{le="${bound}"} ${total}`;
      });
      return [...buckets, `${name}_bucket{le="+Inf"} ${count}`, `${name}_sum ${sum}`, `${name}_count ${count}`];
    },
  };
}
