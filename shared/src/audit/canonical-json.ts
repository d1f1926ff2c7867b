/** Deeper values are refused: nothing that phi records is nested so far. */
const DEEPEST = 32;

/**
 * The one JSON text of a value (RFC 8785): keys sorted by UTF-16 code units, no blanks, strings and numbers as ECMAScript writes
 * them. A field that is `undefined` counts as absent.
 *
 * @throws TypeError for what has no such text: other types, numbers that are not finite, lone surrogates, nesting over 32.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > DEEPEST) throw new TypeError("nested too deep for canonical JSON");
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw new TypeError("a lone surrogate has no canonical JSON");
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError("only finite numbers have canonical JSON");
      return JSON.stringify(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(",")}]`;
      return canonicalObject(value as Readonly<Record<string, unknown>>, depth);
    default:
      throw new TypeError(`a ${typeof value} has no canonical JSON`);
  }
}

function canonicalObject(value: Readonly<Record<string, unknown>>, depth: number): string {
  const fields: string[] = [];
  // Without an argument sort() compares UTF-16 code units, which is what RFC 8785 §3.2.3 wants.
  for (const key of Object.keys(value).sort()) {
    const item = value[key];
    if (item !== undefined) fields.push(`${canonicalJson(key)}:${canonicalJson(item, depth + 1)}`);
  }
  return `{${fields.join(",")}}`;
}
