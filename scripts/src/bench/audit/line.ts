/** One line of the table: what was measured, against what in the same run, and what phi promises about it. */
export interface Line {
  readonly what: string;
  /** As printed, with unit. */
  readonly phi: string;
  readonly against: string;
  /** What the promise is about, where there is one. */
  readonly value: number;
  readonly unit: "×" | "ms" | "MB";
  readonly promised: { readonly atMost: number } | { readonly atLeast: number } | "nothing";
}

export function isKept({ value, promised }: Line): boolean {
  if (promised === "nothing") return true;
  return "atMost" in promised ? value <= promised.atMost : value >= promised.atLeast;
}

/** Nearest-rank quantile. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}
