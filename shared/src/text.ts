/**
 * The one place where text from others is made safe to show. Removed are: C0 and C1 control characters (with ESC, so no
 * terminal sequence survives), line and paragraph separators, and the characters that change direction or hide
 * (bidirectional controls, zero-width characters, the byte-order mark). What is left is in NFC.
 */
const UNSAFE = /[\p{Cc}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
const ANY_UNSAFE = new RegExp(UNSAFE.source, "u");

/** `text` on one line without anything that could act on a terminal or mislead the reader, cut to `limit` characters. */
export function printable(text: string, limit = 2_000): string {
  const clean = text
    .replaceAll(/[\t\r\n]+/g, " ")
    .replaceAll(UNSAFE, "")
    .normalize("NFC");
  return clean.length <= limit ? clean : `${clean.slice(0, limit - 1)}…`;
}

/** Whether {@link printable} would remove anything; input that has such characters is refused, not mended. */
export function hasUnsafeText(text: string): boolean {
  return ANY_UNSAFE.test(text) || !text.isWellFormed();
}

/**
 * The nearest of `known` to what was typed, when it is near enough to be meant (Damerau–Levenshtein distance, optimal
 * string alignment, at most a third of the length), for "did you mean".
 */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(Math.max(typed.length, 3) / 3)) + 1;
  for (const candidate of known) {
    const distance = candidate.startsWith(typed) && typed.length >= 2 ? 1 : editDistance(typed, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  if (a.length > 64 || b.length > 64) return Number.POSITIVE_INFINITY;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
