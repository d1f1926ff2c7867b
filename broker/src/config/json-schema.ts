import * as z from "zod";
import { fileSchema, type KindSchemas, resourceFrame, roleFrame } from "./schema.js";

type JsonSchema = Record<string, unknown>;

/**
 * JSON Schema (2020-12) of the configuration file for editors, made from the schemas that the broker itself uses.
 * It cannot say what only the whole file shows (names that must exist); `phi-broker config check` does.
 */
export function configJsonSchema(kinds: KindSchemas): JsonSchema {
  const file = toJsonSchema(fileSchema);
  const resources = Object.entries(kinds).map(([kind, schemas]) => {
    const frame = toJsonSchema(resourceFrame);
    const own = toJsonSchema(schemas.config);
    return {
      type: "object",
      properties: {
        ...properties(frame),
        kind: { const: kind },
        roles: { ...properties(frame).roles, additionalProperties: roleJsonSchema(schemas.role) },
        ...properties(own),
      },
      required: [...required(frame), ...required(own)],
      additionalProperties: false,
    };
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Configuration of the phi broker",
    ...file,
    properties: {
      ...properties(file),
      resources: { ...properties(file).resources, additionalProperties: { oneOf: resources } },
    },
  };
}

/** phi's own fields of a role beside its kind's. */
function roleJsonSchema(kind: z.ZodType): JsonSchema {
  const own = toJsonSchema(kind);
  return { ...own, properties: { ...properties(own), ...properties(toJsonSchema(roleFrame)) } };
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      // The only type JSON has no word for is the secret: in the file it is a text, best a reference.
      if (zodSchema._zod.def.type === "custom")
        Object.assign(jsonSchema, { type: "string", examples: [`\${env:NAME}`, `\${file:PATH}`] });
      // Defaults are kept parsed (seconds); the file says them as people write them.
      if ("writtenDefault" in jsonSchema) {
        jsonSchema.default = jsonSchema.writtenDefault as NonNullable<typeof jsonSchema.default>;
        delete jsonSchema.writtenDefault;
      }
    },
  });
  return json;
}

function properties(schema: JsonSchema): Record<string, JsonSchema> {
  return (schema.properties ?? {}) as Record<string, JsonSchema>;
}

function required(schema: JsonSchema): string[] {
  return (schema.required ?? []) as string[];
}
