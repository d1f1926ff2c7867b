import type { Resource } from "../domain/resource.js";
import { didYouMean, explainIssue } from "./explain-issue.js";
import { parseWithSecrets } from "./parse-with-secrets.js";
import type { Path, Problem } from "./problems.js";
import { type KindSchema, type KindSchemas, resourceFrame } from "./schema.js";

export interface ReadResource {
  /** Absent when there are problems. */
  readonly resource?: Resource;
  readonly problems: readonly Problem[];
  readonly bareSecrets: readonly Path[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads one entry of `resources`: phi's own fields by the frame, all others by the kind's provider. */
export function readResource(name: string, content: unknown, kinds: KindSchemas): ReadResource {
  const prefix: Path = ["resources", name];
  if (!isMapping(content)) {
    return { problems: [{ path: prefix, message: "must be a mapping with at least kind and roles" }], bareSecrets: [] };
  }
  const problems: Problem[] = [];
  const bareSecrets: Path[] = [];

  const [framed, rest] = split(content, Object.keys(resourceFrame.shape));
  const frame = parseWithSecrets(resourceFrame, framed);
  problems.push(
    ...frame.issues.flatMap((issue) => explainIssue(issue, { schema: resourceFrame, content: framed, prefix })),
  );

  const known = Object.keys(kinds);
  const kind = content.kind;
  const schemas: KindSchema | undefined =
    typeof kind === "string" && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (schemas === undefined || typeof kind !== "string") {
    if (typeof kind === "string") {
      problems.push({
        path: [...prefix, "kind"],
        message: `is not a kind this broker knows; allowed: ${known.join(", ")}${didYouMean(kind, known)}`,
      });
    }
    return { problems, bareSecrets };
  }

  const parsePart = (
    schema: KindSchema["config"],
    part: unknown,
    path: Path,
    alsoAllowed: readonly string[] = [],
  ): unknown => {
    const parsed = parseWithSecrets(schema, part);
    problems.push(
      ...parsed.issues.flatMap((issue) => explainIssue(issue, { schema, content: part, prefix: path, alsoAllowed })),
    );
    bareSecrets.push(...parsed.bareSecrets.map((inner) => [...path, ...inner]));
    return parsed.output;
  };

  const config = parsePart(schemas.config, rest, prefix, Object.keys(resourceFrame.shape));
  const roles = new Map<string, unknown>();
  for (const [role, settings] of Object.entries(isMapping(content.roles) ? content.roles : {})) {
    roles.set(role, parsePart(schemas.role, settings, [...prefix, "roles", role]));
  }
  if (isMapping(content.roles) && roles.size === 0) {
    problems.push({ path: [...prefix, "roles"], message: "must name at least one role" });
  }

  if (problems.length > 0 || frame.output === undefined) return { problems, bareSecrets };
  return { resource: { name, kind, description: frame.output.description, config, roles }, problems, bareSecrets };
}

export function isMapping(value: unknown): value is Fields {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.getPrototypeOf(value) === Object.prototype
  );
}

function split(fields: Fields, own: readonly string[]): [Fields, Fields] {
  const entries = Object.entries(fields);
  return [
    Object.fromEntries(entries.filter(([key]) => own.includes(key))),
    Object.fromEntries(entries.filter(([key]) => !own.includes(key))),
  ];
}
