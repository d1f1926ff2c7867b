/** Stretches of time in which something was so, in ms since the epoch. */
export interface Spans {
  begin(): void;
  end(): void;
  /** How much of the time between the two instants they cover. */
  overlap(from: number, to: number): number;
}

export function createSpans(): Spans {
  const spans: { from: number; to: number }[] = [];
  let open = 0;
  return {
    begin() {
      if (open++ === 0) spans.push({ from: Date.now(), to: Number.POSITIVE_INFINITY });
    },
    end() {
      const last = spans.at(-1);
      if (--open === 0 && last !== undefined) last.to = Date.now();
    },
    overlap: (from, to) =>
      spans.reduce((sum, span) => sum + Math.max(0, Math.min(to, span.to) - Math.max(from, span.from)), 0),
  };
}
