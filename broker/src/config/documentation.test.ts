import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createProviders } from "../providers/registry.js";
import type { Config } from "./config.js";
import { configJsonSchema } from "./json-schema.js";
import { loadConfig } from "./load.js";

const page = readFileSync(join(import.meta.dirname, "../../../docs/configuration.md"), "utf8");
const [least = "", everything = ""] = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map((block) => block[1] ?? "");
const kinds = Object.fromEntries(Object.entries(createProviders()).map(([kind, { schema }]) => [kind, schema]));
const schema = configJsonSchema(kinds);

const folder = mkdtempSync(join(tmpdir(), "phi-docs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string, env: Record<string, string> = {}): Promise<Config> {
  const file = join(folder, "phi.yaml");
  writeFileSync(file, text);
  return loadConfig(file, {
    kinds,
    env: {
      DB_PROD_ADMIN_URL: "postgresql://phi:secret@db.example.com/app?sslmode=verify-full",
      PHI_DATABASE_TOKEN: "token",
      SLACK_WEBHOOK: "https://hooks.slack.com/services/T0/B0/x",
      SLACK_TOKEN: "xoxb-1",
      TEAMS_WEBHOOK: "https://example.webhook.office.com/workflows/x?sig=y",
      SMTP_URL: "smtps://phi:secret@mail.example.com",
      SIEM_SECRET: `whsec_${Buffer.alloc(32, 1).toString("base64")}`,
      ONCALL_ICS: "https://calendar.example.com/private-abc/oncall.ics",
      SIEM_SECRET_BEFORE: `whsec_${Buffer.alloc(32, 2).toString("base64")}`,
      ...env,
    },
  });
}

/** Names of fields in a JSON Schema, as paths; names that people choose are left out. */
function fieldsOf(json: unknown, path: string[] = []): string[] {
  if (typeof json !== "object" || json === null) return [];
  const { properties, items, additionalProperties, oneOf } = json as Record<string, unknown>;
  const own = Object.entries((properties ?? {}) as Record<string, unknown>);
  return [
    ...own.flatMap(([name, field]) => [[...path, name].join("."), ...fieldsOf(field, [...path, name])]),
    ...fieldsOf(items, path),
    ...fieldsOf(additionalProperties, path),
    ...(Array.isArray(oneOf) ? oneOf.flatMap((one) => fieldsOf(one, path)) : []),
  ];
}

describe("docs/configuration.md", () => {
  test("shows files that the broker accepts without a warning", async () => {
    expect((await load(least)).warnings).toEqual([]);
    expect((await load(everything)).warnings).toEqual([]);
  });

  test("names every field there is, and shows every field in use", () => {
    const rows = [...page.matchAll(/^\| (`[^|]*) \|/gm)].map((row) => row[1] ?? "").join(" ");
    for (const field of fieldsOf(schema)) {
      const name = field.split(".").at(-1) ?? "";
      expect(rows, field).toMatch(new RegExp(`[\`.]${name}[\`.]`));
      expect(everything, field).toMatch(new RegExp(`\\b${name}:`));
    }
  });

  test("names no defaults that are not those of the broker", async () => {
    const [resource] = (await load(least)).resources.values();
    const { properties } = schema as { properties: Record<string, { default?: unknown }> };
    const [policy] = (await load(least)).policies;
    const row = (field: string) => new RegExp(`^\\| \`${field}\` \\| \`([^\`]*)\` \\|`, "m").exec(page)?.[1];
    expect(row("listen")).toBe(properties.listen?.default);
    expect(properties.signIn?.default).toEqual({
      maxAge: row("signIn.maxAge"),
      onGroupLoss: row("signIn.onGroupLoss"),
    });
    expect((await load(least)).issuer).toMatchObject({
      groupsClaim: row("issuer.groupsClaim"),
      scopes: row("issuer.scopes"),
    });
    expect(resource?.config).toMatchObject({
      graveyard: row("graveyard"),
      scramIterations: Number(row("scramIterations")),
    });
    expect(resource?.roles.get("readonly")).toMatchObject({
      connectionLimit: Number(row(String.raw`roles\.\*\.connectionLimit`)),
      setRole: row(String.raw`roles\.\*\.setRole`) === "true",
    });
    expect(policy).toMatchObject({
      effect: row("effect"),
      reason: row("reason`, `ticket"),
      ticket: row("reason`, `ticket"),
      starts: row("starts"),
      pendingFor: 86_400,
      claimWithin: 28_800,
    });
    expect([row("pendingFor"), row("claimWithin")]).toEqual(["24h", "8h"]);
    if (policy?.effect !== "allow") throw new Error("the first policy allows");
    expect(policy.approval?.stages[0]?.count).toBe(Number(row(String.raw`approval\.count`)));
  });

  test("tells mistakes in the broker's own words", async () => {
    const bad = least
      .replace(", clientId: phi-cli", "")
      .replace("[db-prod]", "[db-prd]")
      .replace("maxDuration: 4h", "maxDuration: 4 hours");
    const error: unknown = await load(bad, { DB_PROD_ADMIN_URL: "" }).catch((thrown: unknown) => thrown);
    const said = (error as Error).message.replaceAll(`${folder}/`, "");
    expect(page).toContain(`\`\`\`\n${said}\n\`\`\`\n`);
  });
});
