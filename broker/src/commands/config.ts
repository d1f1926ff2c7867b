import { configJsonSchema } from "../config/json-schema.js";
import { loadConfig } from "../config/load.js";
import { matchesResource, type PolicyRule } from "../domain/policy/rule.js";
import type { Finding } from "../ports/provider.js";
import { createProviders, kindSchemas } from "../providers/registry.js";

/** How long all looks at one resource may take, in ms. */
const CHECK_WITHIN = 20_000;

/** Lists every mistake in the configuration, then what its resources lack; the answer is the exit code. */
export async function checkConfig(
  options: { readonly config: string; readonly offline?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const providers = createProviders();
  const loaded = await loadConfig(options.config, { env, kinds: kindSchemas(providers) });
  for (const warning of loaded.warnings) process.stdout.write(`warning: ${warning}\n`);
  let errors = 0;
  for (const resource of options.offline ? [] : loaded.resources.values()) {
    const provider = providers[resource.kind];
    const activity = loaded.policies.some((rule) => endsIdle(rule, resource.name));
    const findings = await provider?.check(
      resource.config,
      [...resource.roles.values()],
      AbortSignal.timeout(CHECK_WITHIN),
      { activity },
    );
    const blind: Finding[] =
      activity && provider?.activity === undefined
        ? [{ severity: "error", message: `its kind cannot tell what is done with it, so an idleTimeout ends nothing` }]
        : [];
    for (const finding of [...(findings ?? []), ...blind]) {
      if (finding.severity === "error") errors += 1;
      process.stdout.write(`${finding.severity}: ${resource.name}: ${finding.message}\n`);
      if (finding.hint !== undefined) process.stdout.write(`  ${finding.hint}\n`);
    }
  }
  await Promise.all(Object.values(providers).map((provider) => provider.close()));
  process.stdout.write(
    errors === 0
      ? `${options.config} is valid (resources: ${loaded.resources.size}, policies: ${loaded.policies.length}).\n`
      : "",
  );
  return errors === 0 ? 0 : 1;
}

function endsIdle(rule: PolicyRule, resource: string): boolean {
  if (rule.effect === "deny" || rule.idleTimeout === undefined) return false;
  return rule.resources.some((pattern) => matchesResource(pattern, resource));
}

/** Prints the JSON Schema of the configuration. */
export function printConfigSchema(): void {
  process.stdout.write(`${JSON.stringify(configJsonSchema(kindSchemas(createProviders())), null, 2)}\n`);
}
