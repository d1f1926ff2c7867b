import { expect, test } from "vitest";
import { configJsonSchema } from "./json-schema.js";
import { kinds } from "./kinds.testing.js";

const schema = configJsonSchema(kinds) as {
  $schema: string;
  properties: Record<string, Record<string, unknown>>;
  required: string[];
  additionalProperties: boolean;
};

test("the schema for editors is strict and asks only for what has no default", () => {
  expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toEqual(["database", "issuer"]);
});

test("it has one shape of resource per kind, with phi's fields and the kind's own", () => {
  const { additionalProperties } = schema.properties.resources ?? {};
  const { oneOf } = additionalProperties as { oneOf: { properties: object; required: string[] }[] };
  expect(oneOf.map(({ properties }) => Object.keys(properties))).toEqual([
    ["kind", "description", "roles", "url", "connect", "graveyard"],
    ["kind", "description", "roles", "url"],
  ]);
  expect(oneOf[0]).toMatchObject({
    required: ["kind", "roles", "url"],
    properties: {
      kind: { const: "postgres" },
      url: { type: "string" },
      roles: { additionalProperties: { required: ["memberOf"] } },
    },
  });
});

test("every field says what it is for, and defaults stand there as people write them", () => {
  const text = JSON.stringify(schema);
  expect(text).not.toContain("writtenDefault");
  for (const [field, { description }] of Object.entries(schema.properties))
    expect(description, field).toBeTypeOf("string");
  const { items } = schema.properties.policies as { items: { properties: Record<string, Record<string, unknown>> } };
  expect(items.properties.pendingFor).toMatchObject({ default: "24h", type: "string" });
  expect(schema.properties.signIn).toMatchObject({ default: { maxAge: "8h" } });
  expect(schema.properties.listen).toMatchObject({ default: "127.0.0.1:7420" });
});
