import { PhiError } from "@phi/shared/errors";
import { Command } from "commander";
import { startBroker } from "./compose.js";
import { configJsonSchema } from "./config/json-schema.js";
import { loadConfig } from "./config/load.js";
import { createJsonLog } from "./log/json-log.js";
import { createProviders } from "./providers/registry.js";
import { VERSION } from "./version.js";

const DEFAULT_CONFIG = "phi.yaml";
/** How long a clean stop may take, in ms. */
const STOP_WITHIN = 15_000;

const program = new Command("phi-broker")
  .description("The phi broker: decides, issues, revokes and records.")
  .version(VERSION)
  .showHelpAfterError("(phi-broker --help shows what there is)")
  .exitOverride();

program
  .command("serve")
  .description("serve until told to stop (SIGTERM or SIGINT)")
  .option("-c, --config <file>", "the configuration", DEFAULT_CONFIG)
  .option("--json", 'when ready, one line {"listening": URL} on standard output')
  .action(serve);

const config = program.command("config").description("look at the configuration without serving");
config
  .command("check")
  .description("list every mistake in the configuration and what its resources lack")
  .option("-c, --config <file>", "the configuration", DEFAULT_CONFIG)
  .option("--offline", "do not ask the resources themselves")
  .action(check);
config
  .command("schema")
  .description("print the JSON Schema of the configuration, for editors")
  .action(() => {
    process.stdout.write(`${JSON.stringify(configJsonSchema(kinds(createProviders())), null, 2)}\n`);
  });

async function serve(options: { config: string; json?: boolean }): Promise<void> {
  process.umask(0o077);
  const providers = createProviders();
  const log = createJsonLog();
  const loaded = await loadConfig(options.config, { env: process.env, kinds: kinds(providers) });
  for (const warning of loaded.warnings) log.warn("configuration", { warning });
  const broker = await startBroker({ config: loaded, version: VERSION, providers, clock: { now: Date.now }, log });
  process.stderr.write(`phi-broker ${VERSION} serves ${loaded.publicUrl ?? broker.url}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify({ listening: broker.url })}\n`);

  await new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  setTimeout(() => process.exit(1), STOP_WITHIN).unref();
  await broker.stop();
}

async function check(options: { config: string; offline?: boolean }): Promise<void> {
  const providers = createProviders();
  const loaded = await loadConfig(options.config, { env: process.env, kinds: kinds(providers) });
  for (const warning of loaded.warnings) process.stdout.write(`warning: ${warning}\n`);
  let errors = 0;
  for (const resource of options.offline ? [] : loaded.resources.values()) {
    const findings = await providers[resource.kind]?.check(
      resource.config,
      [...resource.roles.values()],
      AbortSignal.timeout(20_000),
    );
    for (const finding of findings ?? []) {
      if (finding.severity === "error") errors += 1;
      process.stdout.write(`${finding.severity}: ${resource.name}: ${finding.message}\n`);
      if (finding.hint !== undefined) process.stdout.write(`  ${finding.hint}\n`);
    }
  }
  await Promise.all(Object.values(providers).map((provider) => provider.close()));
  process.stdout.write(
    errors === 0
      ? `${options.config} is valid: ${loaded.resources.size} resources, ${loaded.policies.length} policies.\n`
      : "",
  );
  process.exitCode = errors === 0 ? 0 : 1;
}

function kinds(providers: ReturnType<typeof createProviders>) {
  return Object.fromEntries(
    Object.entries(providers).map(([kind, { schema }]) => [kind, { config: schema.config, role: schema.role }]),
  );
}

try {
  await program.parseAsync();
  process.exit();
} catch (error) {
  process.exit(report(error));
}

/** What the operator reads when it does not start, and the exit code. */
function report(error: unknown): number {
  if (error instanceof PhiError) {
    process.stderr.write(
      `phi-broker: ${error.message}\n${error.hint === undefined ? "" : `            ${error.hint}\n`}`,
    );
    return error.exit;
  }
  // commander has written its own message already
  if (error instanceof Error && "exitCode" in error && typeof error.exitCode === "number")
    return error.exitCode === 0 ? 0 : 2;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EADDRINUSE" || code === "EACCES") {
    process.stderr.write(
      `phi-broker: the address of \`listen:\` cannot be used (${code}).\n            Choose another port, or stop what has it.\n`,
    );
    return 1;
  }
  process.stderr.write(
    `phi-broker failed; this is a defect of phi: ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return 1;
}
