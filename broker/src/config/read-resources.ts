import type { RecordingRules } from "@phi/shared/contract/recording";
import type { Resource } from "../domain/resource.js";
import { didYouMean, explainIssue } from "./explain-issue.js";
import { parseWithSecrets } from "./parse-with-secrets.js";
import type { Path, Problem } from "./problems.js";
import { type KindSchema, type KindSchemas, resourceFrame, roleFrame } from "./schema.js";

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
  const recordings = new Map<string, RecordingRules>();
  const ownFields = Object.keys(roleFrame.shape);
  for (const [role, settings] of Object.entries(isMapping(content.roles) ? content.roles : {})) {
    const path = [...prefix, "roles", role];
    const [own, others] = isMapping(settings) ? split(settings, ownFields) : [{}, settings];
    roles.set(role, parsePart(schemas.role, others, path, ownFields));
    const rules = readRecording(own, path, problems);
    if (rules !== undefined) recordings.set(role, rules);
  }
  if (isMapping(content.roles) && roles.size === 0) {
    problems.push({ path: [...prefix, "roles"], message: "must name at least one role" });
  }

  if (problems.length > 0 || frame.output === undefined) return { problems, bareSecrets };
  const { description } = frame.output;
  return { resource: { name, kind, description, config, roles, recordings }, problems, bareSecrets };
}

function readRecording(own: Fields, path: Path, problems: Problem[]): RecordingRules | undefined {
  const parsed = parseWithSecrets(roleFrame, own);
  problems.push(
    ...parsed.issues.flatMap((issue) => explainIssue(issue, { schema: roleFrame, content: own, prefix: path })),
  );
  if (parsed.output === undefined || parsed.output.recording === "none") return undefined;
  return { mode: parsed.output.recording, input: parsed.output.recordInput };
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
