import { stripVTControlCharacters } from "node:util";

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
const PLAIN_ASCII = /^[\u0020-\u007e]*$/;
const TAKES_NO_ROOM = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u;
const EMOJI = /^\p{Extended_Pictographic}\ufe0f|^\p{Emoji_Presentation}|^[\u{1f1e6}-\u{1f1ff}]{2}/u;
/** Wide and full-width blocks of UAX #11: Hangul, CJK, kana, full-width forms and the ideographic planes. */
const WIDE =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]/u;

/** Columns that `text` takes on a terminal; phi's own colour sequences take none. */
export function displayWidth(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (PLAIN_ASCII.test(plain)) return plain.length;
  let columns = 0;
  for (const { segment } of segmenter.segment(plain)) columns += graphemeWidth(segment);
  return columns;
}

/** `text` (without colour) cut to at most `columns`, with `…` when something is missing; never cuts a character in two. */
export function fitWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let cut = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    const width = graphemeWidth(segment);
    if (used + width > columns - 1) break;
    cut += segment;
    used += width;
  }
  return columns > 0 ? `${cut}…` : "";
}

function graphemeWidth(grapheme: string): number {
  if (TAKES_NO_ROOM.test(grapheme)) return 0;
  return EMOJI.test(grapheme) || WIDE.test(grapheme) ? 2 : 1;
}
