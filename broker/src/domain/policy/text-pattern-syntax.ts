/** Reading a pattern; what there is and what it means is told in `text-pattern.ts`. */

/** What is wrong with a pattern; the message finishes the sentence "FIELD …". */
export class PatternMistake extends Error {}

export type Fits = (character: string) => boolean;
export type Node =
  | { readonly is: "one"; readonly fits: Fits }
  | { readonly is: "all"; readonly of: readonly Node[] }
  | { readonly is: "any"; readonly of: readonly Node[] }
  | { readonly is: "many"; readonly of: Node; readonly least: number; readonly most: number };

const MOST_NESTING = 20;

/** @throws PatternMistake */
export function readPattern(source: string): Node {
  return new Reader(source).whole();
}

const isDigit: Fits = (character) => character >= "0" && character <= "9";
const isWord: Fits = (character) => /^[A-Za-z0-9_]$/.test(character);
const isSpace: Fits = (character) => /^\s$/u.test(character);
const not =
  (fits: Fits): Fits =>
  (character) =>
    !fits(character);
const CLASSES: Readonly<Record<string, Fits>> = {
  d: isDigit,
  w: isWord,
  s: isSpace,
  D: not(isDigit),
  W: not(isWord),
  S: not(isSpace),
};

/** Reads a pattern by recursive descent. */
class Reader {
  private readonly characters: readonly string[];
  private at = 0;
  private depth = 0;

  constructor(source: string) {
    this.characters = [...source.replace(/^\^/, "").replace(/(?<!\\)\$$/, "")];
  }

  whole(): Node {
    const node = this.choice();
    if (this.at < this.characters.length) throw new PatternMistake('has a ")" without its "("');
    return node;
  }

  private peek(): string | undefined {
    return this.characters[this.at];
  }

  private take(wanted: string): boolean {
    if (this.peek() !== wanted) return false;
    this.at += 1;
    return true;
  }

  private choice(): Node {
    if (++this.depth > MOST_NESTING) throw new PatternMistake(`is nested more than ${MOST_NESTING} deep`);
    const of = [this.sequence()];
    while (this.take("|")) of.push(this.sequence());
    this.depth -= 1;
    const [only] = of;
    return of.length === 1 && only !== undefined ? only : { is: "any", of };
  }

  private sequence(): Node {
    const of: Node[] = [];
    for (let next = this.peek(); next !== undefined && next !== "|" && next !== ")"; next = this.peek()) {
      of.push(this.repeated(this.single()));
    }
    return { is: "all", of };
  }

  private repeated(node: Node): Node {
    const amount = this.amount();
    if (amount === undefined) return node;
    if (this.amount() !== undefined) throw new PatternMistake("repeats a repetition; put it in ( )");
    return { is: "many", of: node, ...amount };
  }

  private amount(): { least: number; most: number } | undefined {
    if (this.take("*")) return { least: 0, most: Number.POSITIVE_INFINITY };
    if (this.take("+")) return { least: 1, most: Number.POSITIVE_INFINITY };
    if (this.take("?")) return { least: 0, most: 1 };
    if (this.peek() !== "{") return undefined;
    const counts = /^\{(\d{1,3})(?:(,)(\d{1,3})?)?\}/.exec(this.characters.slice(this.at, this.at + 12).join(""));
    if (counts === null) throw new PatternMistake('has a "{" that is no repetition; write {3}, {2,} or {2,5}, or \\{');
    this.at += [...counts[0]].length;
    const least = Number(counts[1]);
    const most =
      counts[2] === undefined ? least : counts[3] === undefined ? Number.POSITIVE_INFINITY : Number(counts[3]);
    if (most < least) throw new PatternMistake(`has a repetition from ${least} to ${most}`);
    return { least, most };
  }

  private single(): Node {
    const character = this.peek() ?? "";
    this.at += 1;
    switch (character) {
      case "(": {
        if (this.take("?") && !this.take(":"))
          throw new PatternMistake('has a "(?" that RE2 or phi does not know; only (?: ) is allowed');
        const node = this.choice();
        if (!this.take(")")) throw new PatternMistake('has a "(" without its ")"');
        return node;
      }
      case "[":
        return { is: "one", fits: this.set() };
      case ".":
        return { is: "one", fits: (other) => other !== "\n" };
      case "\\":
        return { is: "one", fits: this.escaped() };
      case "*":
      case "+":
      case "?":
      case "{":
        throw new PatternMistake(`has a "${character}" with nothing to repeat`);
      case "^":
      case "$":
        throw new PatternMistake(`has a "${character}" in the middle; a pattern always means the whole text`);
      default:
        return { is: "one", fits: (other) => other === character };
    }
  }

  private escaped(): Fits {
    const character = this.peek();
    this.at += 1;
    const known = character === undefined ? undefined : CLASSES[character];
    if (known !== undefined) return known;
    if (character === undefined || /[A-Za-z0-9]/.test(character))
      throw new PatternMistake(`has \\${character ?? ""}, which is not known; known are \\d \\w \\s \\D \\W \\S`);
    return (other) => other === character;
  }

  private set(): Fits {
    const isNegated = this.take("^");
    const parts: Fits[] = [];
    while (!this.take("]")) {
      const from = this.peek();
      this.at += 1;
      if (from === undefined) throw new PatternMistake('has a "[" without its "]"');
      if (from === "\\") {
        parts.push(this.escaped());
      } else if (this.peek() === "-" && this.characters[this.at + 1] !== "]") {
        this.at += 1;
        const to = this.peek() ?? "";
        this.at += 1;
        if (to === "\\" || (to.codePointAt(0) ?? 0) < (from.codePointAt(0) ?? 0))
          throw new PatternMistake(`has a range ${from}-${to} that does not rise`);
        parts.push((other) => other >= from && other <= to && [...other].length === 1);
      } else parts.push((other) => other === from);
    }
    if (parts.length === 0) throw new PatternMistake("has a [ ] with nothing in it");
    const fits: Fits = (character) => parts.some((part) => part(character));
    return isNegated ? not(fits) : fits;
  }
}
