import { Secret } from "@phi/shared/secret";
import type * as z from "zod";
import type { Path } from "./problems.js";

export interface Parsed<T> {
  /** Absent when there are issues. */
  readonly output?: T;
  readonly issues: readonly z.core.$ZodIssue[];
  /** Fields that hold a secret which stands in the file as plain text. */
  readonly bareSecrets: readonly Path[];
}

/**
 * Parses content in which references have become {@link Secret}s. Only the schema knows which fields are secret: a
 * field that is one takes a `Secret` and nothing else. So a reference in another field is opened, and plain text in a
 * secret field is wrapped and reported.
 */
export function parseWithSecrets<T>(schema: z.ZodType<T>, content: unknown): Parsed<T> {
  const first = schema.safeParse(content);
  if (first.success) return { output: first.data, issues: [], bareSecrets: [] };

  const candidates = first.error.issues
    .filter((issue) => mayBeTurned(issue, content))
    .map((issue) => issue.path as Path);
  if (candidates.length === 0) return { issues: first.error.issues, bareSecrets: [] };

  // What the schema objects to in the same way after the turn was not meant to be turned.
  const trial = schema.safeParse(turnAll(content, candidates));
  const turned = candidates.filter((path) => {
    const before = issueAt(first.error, path);
    const after = issueAt(trial.error, path);
    return after === undefined || (after.code !== "invalid_type" && after.message !== before?.message);
  });
  const bareSecrets = turned.filter((path) => typeof valueAt(content, path) === "string");
  const last = turned.length === candidates.length ? trial : schema.safeParse(turnAll(content, turned));
  return last.success ? { output: last.data, issues: [], bareSecrets } : { issues: last.error.issues, bareSecrets };
}

/** A `Secret` where plain text is wanted is of the wrong type or none of the words; text where a `Secret` is wanted is no instance. */
function mayBeTurned(issue: z.core.$ZodIssue, content: unknown): boolean {
  const value = valueAt(content, issue.path as Path);
  if (value instanceof Secret) return issue.code === "invalid_type" || issue.code === "invalid_value";
  return typeof value === "string" && (issue.code === "invalid_type" || issue.code === "custom");
}

function issueAt(error: z.ZodError | undefined, path: Path): z.core.$ZodIssue | undefined {
  return error?.issues.find((issue) => samePath(issue.path as Path, path));
}

/** What stands at the path, `undefined` when nothing does. */
export function valueAt(content: unknown, path: Path): unknown {
  let value = content;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

export function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((step, index) => step === b[index]);
}

function isTextual(value: unknown): value is string | Secret {
  return typeof value === "string" || value instanceof Secret;
}

function turn(value: string | Secret): string | Secret {
  return typeof value === "string" ? new Secret(value) : value.reveal();
}

function turnAll(content: unknown, paths: readonly Path[]): unknown {
  return paths.reduce((value, path) => turnAt(value, path), content);
}

function turnAt(content: unknown, path: Path): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return isTextual(content) ? turn(content) : content;
  if (Array.isArray(content))
    return content.map((item: unknown, index) => (index === step ? turnAt(item, rest) : item));
  if (typeof content !== "object" || content === null) return content;
  const fields = content as Readonly<Record<string, unknown>>;
  return { ...fields, [step]: turnAt(fields[step], rest) };
}
