import { auditExport, auditFollow } from "@phi/shared/contract/audit-event";
import { problem } from "@phi/shared/contract/problem";
import * as z from "zod";
import type { AnyRoute } from "./route.js";

/** The API as an OpenAPI 3.1 document, made from the table of routes and the contract, so that it cannot say anything else. */
export function openApi(table: readonly AnyRoute[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of table) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    const methods = paths[path] ?? {};
    methods[route.method] = operation(route);
    paths[path] = methods;
  }
  paths["/v1/requests/{id}/events"] = {
    get: stream("The request now and after each change, as server-sent events named `request`", [pathParameter("id")]),
  };
  paths["/v1/audit/events"] = {
    get: stream(
      "Audit events after `after`, and each that comes, as server-sent events named `audit`",
      queryParameters(auditFollow),
    ),
  };
  paths["/v1/audit/export"] = {
    get: stream("Every audit event that fits, as a stream of lines", queryParameters(auditExport), "application/jsonl"),
  };
  return {
    openapi: "3.1.0",
    info: { title: "phi broker", version },
    components: { securitySchemes: { phi: { type: "http", scheme: "bearer" } } },
    paths,
  };
}

const failure = {
  description: "what went wrong (RFC 9457)",
  content: { "application/problem+json": { schema: jsonSchema(problem) } },
};

function operation(route: AnyRoute): Record<string, unknown> {
  const names = [...route.path.matchAll(/:(\w+)/g)].flatMap((match) => match[1] ?? []);
  const parameters = [...names.map(pathParameter), ...(route.query === undefined ? [] : queryParameters(route.query))];
  return {
    summary: route.summary,
    ...(route.access === "public" ? {} : { security: [{ phi: [] }] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: jsonSchema(route.body) } } } }),
    responses: {
      [route.status]: {
        description: "done",
        ...(route.reply === undefined ? {} : { content: { "application/json": { schema: jsonSchema(route.reply) } } }),
      },
      default: failure,
    },
  };
}

/** A stream of text, which the table of routes does not hold. */
function stream(summary: string, parameters: readonly unknown[], type = "text/event-stream") {
  return {
    summary,
    security: [{ phi: [] }],
    parameters,
    responses: {
      "200": { description: "a stream", content: { [type]: { schema: { type: "string" } } } },
      default: failure,
    },
  };
}

function queryParameters(query: z.ZodType) {
  const schema = jsonSchema(query);
  const required = (schema.required ?? []) as string[];
  return Object.entries((schema.properties ?? {}) as Record<string, unknown>).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

function pathParameter(name: string) {
  return { name, in: "path", required: true, schema: { type: "string" } };
}

function jsonSchema(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { unrepresentable: "any", io: "input" });
}
