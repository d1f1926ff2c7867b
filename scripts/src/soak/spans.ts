/** Stretches of time in which something was so, in ms since the epoch. */
export interface Spans {
  /** @param at when it began; now, unless it is known later */
  begin(at?: number): void;
  end(): void;
  /** One that is known when it is over. */
  add(from: number, to: number): void;
  list(): readonly Span[];
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

export function createSpans(): Spans {
  const spans: { from: number; to: number }[] = [];
  let open = 0;
  return {
    begin(at = Date.now()) {
      if (open++ === 0) spans.push({ from: at, to: Number.POSITIVE_INFINITY });
    },
    end() {
      const last = spans.findLast(({ to }) => to === Number.POSITIVE_INFINITY);
      if (--open === 0 && last !== undefined) last.to = Date.now();
    },
    add: (from, to) => void spans.push({ from, to }),
    list: () => spans,
  };
}

/** How much of the time between the two instants at least one of them covers. */
export function covered(all: readonly Span[], from: number, to: number): number {
  let sum = 0;
  let until = from;
  for (const span of all.toSorted((a, b) => a.from - b.from)) {
    const end = Math.min(to, span.to);
    sum += Math.max(0, end - Math.max(until, span.from));
    until = Math.max(until, end);
  }
  return sum;
}
