import { Secret } from "@phi/shared/secret";
import type { Path, Problem } from "./problems.js";

/** Where references lead. */
export interface ReferenceSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of a file named relative to the configuration; rejects with a one-line reason as its message. */
  readFile(path: string): Promise<{ readonly text: string; readonly othersMayRead: boolean }>;
}

export interface Resolved {
  /** The content with a {@link Secret} in place of every reference. */
  readonly content: unknown;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

const WHOLE = /^\$\{([a-z_]*):([^{}]*)\}$/;
const PARTIAL = /\$\{(?:env|file):/;

/**
 * Replaces `${env:NAME}` and `${file:PATH}`, wherever they are a whole value, by what they lead to. There is no mixing
 * with other text, no nesting and no default: what is written in a secret can therefore never become syntax.
 */
export async function resolveReferences(content: unknown, sources: ReferenceSources): Promise<Resolved> {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];

  async function follow(text: string, path: Path): Promise<unknown> {
    const match = WHOLE.exec(text);
    if (match === null) {
      if (PARTIAL.test(text))
        problems.push({ path, message: "mixes a reference with other text; a reference must be the whole value" });
      return text;
    }
    const [, scheme, target = ""] = match;
    if (scheme === "env") return new Secret(fromEnvironment(target, path));
    if (scheme === "file") return new Secret(await fromFile(target, path));
    problems.push({ path, message: `is a reference of an unknown kind; allowed are \${env:NAME} and \${file:PATH}` });
    return new Secret("");
  }

  function fromEnvironment(name: string, path: Path): string {
    const value = Object.hasOwn(sources.env, name) ? sources.env[name] : undefined;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      problems.push({ path, message: `does not name an environment variable; write \${env:NAME}` });
    else if (value === undefined || value === "")
      problems.push({ path, message: `needs the environment variable ${name}, which is not set` });
    return value ?? "";
  }

  async function fromFile(file: string, path: Path): Promise<string> {
    try {
      const { text, othersMayRead } = await sources.readFile(file);
      if (othersMayRead)
        warnings.push({ path, message: `comes from ${file}, which others may read; run: chmod 600 ${file}` });
      const value = text.replace(/\r?\n$/, "");
      if (value === "") problems.push({ path, message: `comes from ${file}, which is empty` });
      return value;
    } catch (error) {
      problems.push({
        path,
        message: `comes from ${file}, which cannot be read: ${error instanceof Error ? error.message : "unknown cause"}`,
      });
      return "";
    }
  }

  async function walk(value: unknown, path: Path): Promise<unknown> {
    if (typeof value === "string") return follow(value, path);
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const [index, item] of value.entries()) items.push(await walk(item, [...path, index]));
      return items;
    }
    if (typeof value !== "object" || value === null) return value;
    const entries: [string, unknown][] = [];
    for (const [key, item] of Object.entries(value)) {
      // The one name that JavaScript and zod's records treat as something else than a field.
      if (key === "__proto__")
        problems.push({ path: [...path, key], message: "is not a name that can be used", at: "key" });
      else entries.push([key, await walk(item, [...path, key])]);
    }
    return Object.fromEntries(entries);
  }

  return { content: await walk(content, []), problems, warnings };
}
