/** Lengths of time as people write them: `45s`, `30m`, `1h30m`, `7d`, `2w`. The unit in code is the second. */
const UNITS = [
  ["w", 604_800],
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
] as const;

/** Nothing in phi lasts longer: one year, in seconds. */
export const LONGEST_DURATION = 366 * 86_400;

/**
 * Seconds of a written length of time, or `undefined` when it is not one: units in falling order, each at most
 * once, whole numbers, more than zero and at most {@link LONGEST_DURATION}.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/.exec(
    text.trim().toLowerCase(),
  );
  if (match === null) return undefined;
  let seconds = 0;
  UNITS.forEach(([, size], index) => {
    seconds += Number(match[index + 1] ?? 0) * size;
  });
  return seconds > 0 && seconds <= LONGEST_DURATION ? seconds : undefined;
}

/** Writes seconds the way {@link parseDuration} reads them: 5400 → `1h30m`. Zero and less give `0s`. */
export function formatDuration(seconds: number): string {
  let rest = Math.max(0, Math.round(seconds));
  let text = "";
  for (const [unit, size] of UNITS) {
    if (unit === "w") continue; // "7d" reads better than "1w", and both parse
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === "" ? "0s" : text;
}
