import { Secret } from "@phi/shared/secret";
import { nearest } from "@phi/shared/text";
import * as z from "zod";
import { valueAt } from "./parse-with-secrets.js";
import type { Path, Problem } from "./problems.js";

/** What a parse looked at, so that its issues can be told in words. */
export interface Parse {
  readonly schema: z.ZodType;
  readonly content: unknown;
  /** Where the content stands in the file. */
  readonly prefix: Path;
  /** Fields that are allowed beside those of the schema, for the list of what is allowed. */
  readonly alsoAllowed?: readonly string[];
}

/** One issue of zod as problems a person can act on: what is wrong, what is allowed, what was perhaps meant. Never shows a value. */
export function explainIssue(issue: z.core.$ZodIssue, parse: Parse): Problem[] {
  const inner = issue.path as Path;
  const path = [...parse.prefix, ...inner];
  const value = valueAt(parse.content, inner);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownField(key, parse, inner), at: "key" }));
    case "invalid_key":
      return [{ path, message: `this name ${issue.issues[0]?.message ?? "is not allowed"}`, at: "key" }];
    case "invalid_type":
      // A field that has its own words for this (zod's begin with "Invalid input") knows better.
      return [
        { path, message: value === undefined || isZodsOwn(issue) ? wrongType(issue.expected, value) : issue.message },
      ];
    case "invalid_value":
      return [{ path, message: value === undefined ? "is missing" : oneOf(issue.values.map(String), value) }];
    case "invalid_union":
      return explainUnion(issue, parse);
    case "too_small":
      return [{ path, message: outOfBounds(issue.origin, "least", Number(issue.minimum)) }];
    case "too_big":
      return [{ path, message: outOfBounds(issue.origin, "most", Number(issue.maximum)) }];
    case "custom":
      if (value === undefined) return [{ path, message: "is missing" }];
      // Only a value that is no instance of its class, here always `Secret`, gets here without words.
      if (isZodsOwn(issue))
        return [{ path, message: `must be a text or a reference such as \${env:NAME}, not ${typeInWords(value)}` }];
      return [{ path, message: issue.message }];
    default:
      return [{ path, message: issue.message }];
  }
}

/** Whether the schema left the wording to zod. */
export function isZodsOwn(issue: z.core.$ZodIssue): boolean {
  return issue.message.startsWith("Invalid input");
}

/** "did you mean" as the end of a sentence, or nothing. */
export function didYouMean(typed: unknown, known: readonly string[]): string {
  const meant = typeof typed === "string" ? nearest(typed, known) : undefined;
  return meant === undefined || meant === typed ? "" : `; did you mean ${meant}?`;
}

function unknownField(key: string, parse: Parse, path: Path): string {
  const known = [...(path.length === 0 ? (parse.alsoAllowed ?? []) : []), ...fieldsAt(parse.schema, path)];
  return `is not a field phi knows; allowed are ${known.join(", ")}${didYouMean(key, known)}`;
}

function oneOf(allowed: readonly string[], value: unknown): string {
  return `must be ${allowed.length === 1 ? "" : "one of "}${allowed.join(", ")}${didYouMean(value, allowed)}`;
}

const TYPES: Readonly<Record<string, string>> = {
  string: "a text",
  template_literal: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

function wrongType(expected: string, value: unknown): string {
  if (value === undefined) return "is missing";
  return `must be ${TYPES[expected] ?? expected}, not ${typeInWords(value)}`;
}

function typeInWords(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Secret) return "a reference";
  if (typeof value === "number" && !Number.isInteger(value)) return "a fraction";
  if (typeof value === "boolean") return "true or false";
  return TYPES[typeof value] ?? typeof value;
}

function outOfBounds(origin: string, side: "least" | "most", bound: number): string {
  if (origin === "string")
    return side === "least" && bound === 1 ? "must not be empty" : `must have at ${side} ${bound} characters`;
  if (origin === "array")
    return side === "least" && bound === 1 ? "must list at least one" : `must list at ${side} ${bound}`;
  return `must be at ${side} ${bound}`;
}

/** The variant that got furthest is the one that was meant. */
function explainUnion(issue: z.core.$ZodIssueInvalidUnion, parse: Parse): Problem[] {
  const meant = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0];
  const hasOwnWords = !isZodsOwn(issue) && issue.errors.every((errors) => depth(errors) === 0);
  if (meant === undefined || hasOwnWords)
    return [{ path: [...parse.prefix, ...(issue.path as Path)], message: issue.message }];
  return meant.flatMap((one) => explainIssue({ ...one, path: [...issue.path, ...one.path] }, parse));
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length));
}

/** Names of the fields that the schema has at the path; none when it is not a fixed mapping there. */
export function fieldsAt(schema: z.ZodType, path: Path): string[] {
  const bare = unwrap(schema);
  const [step, ...rest] = path;
  if (step === undefined && bare instanceof z.ZodObject) return Object.keys(bare.shape);
  // Variants of one thing: what any of them has.
  if (bare instanceof z.ZodDiscriminatedUnion)
    return [...new Set(bare.options.flatMap((option) => fieldsAt(option as z.ZodType, path)))];
  if (step === undefined) return [];
  if (bare instanceof z.ZodObject) {
    const field: unknown = bare.shape[step];
    return field instanceof z.ZodType ? fieldsAt(field, rest) : [];
  }
  if (bare instanceof z.ZodArray) return fieldsAt(bare.element as z.ZodType, rest);
  if (bare instanceof z.ZodRecord) return fieldsAt(bare.valueType as z.ZodType, rest);
  return [];
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly
  ) {
    return unwrap(schema.unwrap() as z.ZodType);
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.in as z.ZodType) : schema;
}
