/** One line of the table: what was measured, against what in the same run, and what phi promises about it. */
export interface Line {
  readonly part: "a" | "b" | "c" | "d";
  readonly what: string;
  /** As printed, with unit. */
  readonly phi: string;
  readonly against: string;
  /** What the promise is about: a ratio, or milliseconds. */
  readonly value: number;
  readonly promised: { readonly atMost: number } | { readonly atLeast: number };
}

export function isKept({ value, promised }: Line): boolean {
  return "atMost" in promised ? value <= promised.atMost : value >= promised.atLeast;
}

/** The middle one of an odd number of values; the upper of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
