/** A source with the parts blanked out that are not code; same length and same lines as the original. */
export interface SourceText {
  /** Without comments. */
  readonly code: string;
  /** Without comments and without what stands in quotes. */
  readonly bare: string;
}

/** After these a slash begins a regular expression, not a division. */
const BEFORE_REGEX =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|await|yield|throw|new|delete))\s*$/;

/** Tells code, comments, text and regular expressions of TypeScript apart, as far as rules about imports and names need it. */
export function readSource(text: string): SourceText {
  const code = [...text];
  const bare = [...text];
  /** Ends of `${…}` that are open, innermost last: depth of braces inside each. */
  const holes: number[] = [];
  let at = 0;

  const blank = (into: string[], from: number, to: number) => {
    for (let index = from; index < to; index++) if (into[index] !== "\n") into[index] = " ";
  };
  const comment = (end: number) => {
    blank(code, at, end);
    blank(bare, at, end);
    at = end;
  };
  const quoted = (end: number) => {
    blank(bare, at + 1, end - 1);
    at = end;
  };
  /** The text of a template from `start` to its next hole or its end. */
  const template = (start: number) => {
    let end = start;
    while (end < text.length && text[end] !== "`" && !(text[end] === "$" && text[end + 1] === "{"))
      end += text[end] === "\\" ? 2 : 1;
    blank(bare, start, Math.min(end, text.length));
    if (text[end] === "$") {
      holes.push(0);
      at = end + 2;
    } else at = end + 1;
  };

  while (at < text.length) {
    const char = text[at];
    const two = text.slice(at, at + 2);
    if (two === "//") comment(endOf(text, at, "\n", 0));
    else if (two === "/*") comment(endOf(text, at + 2, "*/", 2));
    else if (char === '"' || char === "'") quoted(endOfQuoted(text, at, char));
    else if (char === "`") template(at + 1);
    else if (char === "/" && BEFORE_REGEX.test(bare.slice(Math.max(0, at - 40), at).join("")))
      quoted(endOfQuoted(text, at, "/"));
    else if (char === "{" && holes.length > 0) {
      holes[holes.length - 1] = (holes.at(-1) ?? 0) + 1;
      at++;
    } else if (char === "}" && holes.length > 0) {
      const depth = holes.pop() ?? 0;
      if (depth === 0) template(at + 1);
      else {
        holes.push(depth - 1);
        at++;
      }
    } else at++;
  }
  return { code: code.join(""), bare: bare.join("") };
}

function endOf(text: string, from: number, mark: string, length: number): number {
  const found = text.indexOf(mark, from);
  return found === -1 ? text.length : found + length;
}

/** Just after the closing quote, or the end of the line. Slashes in a class of a regular expression do not close it. */
function endOfQuoted(text: string, start: number, quote: string): number {
  let inClass = false;
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at];
    if (char === "\n") return at;
    if (char === "\\") at++;
    else if (quote === "/" && char === "[") inClass = true;
    else if (quote === "/" && char === "]") inClass = false;
    else if (char === quote && !inClass) return at + 1;
  }
  return text.length;
}
