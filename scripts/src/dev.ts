import { parseArgs } from "node:util";
import { type Environment, startEnvironment } from "./environment/environment.js";

/** `scripts/dev`: the whole of phi on this machine, for use by hand and by scripts. Its help is in `scripts/dev`. */
async function main(): Promise<number> {
  const flags = readFlags(process.argv.slice(2));
  if (typeof flags === "string") {
    process.stderr.write(`${flags}\nTry: scripts/dev --help\n`);
    return 2;
  }

  // Before the start: a signal in the middle of it must not leave half an environment behind.
  const stopAsked = new Promise<"signal">((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      let asked = false;
      process.on(signal, () => {
        if (asked) process.exit(1); // asked twice: now. The guards end what is left.
        asked = true;
        resolve("signal");
      });
    }
  });
  const starting = startEnvironment({ stateDir: flags.state, port: flags.port });
  const startedOrAsked = await Promise.race([starting, stopAsked]);
  if (startedOrAsked === "signal") {
    await starting.then((late) => late.stop());
    return 0;
  }

  const environment = startedOrAsked;
  process.stdout.write(
    flags.json ? `${JSON.stringify(describe(environment))}\n` : introduce(environment, flags.state !== undefined),
  );
  const reason = await Promise.race([stopAsked, brokerLost(environment)]);
  await environment.stop();
  if (reason === "signal") return 0;
  process.stderr.write(`${reason}\n`);
  return 1;
}

interface Flags {
  readonly json: boolean;
  readonly state: string | undefined;
  readonly port: number | undefined;
}

function readFlags(argv: string[]): Flags | string {
  try {
    const { values } = parseArgs({
      args: argv,
      options: { json: { type: "boolean", default: false }, state: { type: "string" }, port: { type: "string" } },
    });
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
      return `--port ${values.port} is not a port: give a number from 1 to 65535.`;
    }
    if (values.state === "") return "--state needs a directory.";
    return { json: values.json, state: values.state, port };
  } catch (error) {
    return (error as Error).message;
  }
}

/** The one line for programs. `postgres` is a superuser's connection string to the orders database. */
function describe(environment: Environment) {
  return {
    broker: environment.broker.url,
    issuer: environment.issuer.url,
    postgres: environment.inspectUrl,
    people: environment.people.map(({ login, groups }) => ({ login, groups })),
    stateDir: environment.stateDir,
  };
}

function introduce(environment: Environment, kept: boolean): string {
  const { broker, issuer, postgres, people, stateDir } = environment;
  const width = Math.max(...people.map(({ login }) => login.length));
  return `
phi is running on this machine. Ctrl-C stops it.

  broker     ${broker.url}
  issuer     ${issuer.url}   development only: no passwords
  db-prod    PostgreSQL ${postgres.majorVersion} on 127.0.0.1:${postgres.port}, database orders
  state      ${stateDir}   ${kept ? "kept" : "removed at the end; keep one with --state DIR"}

Sign in as

${people.map(({ login, groups }) => `  ${login.padEnd(width)}   ${groups.join(", ")}`).join("\n")}

Then, as alice:

  npx phi login --broker ${broker.url}
  npx phi resources
  npx phi request db-prod --role readonly --for 30m --reason "INC-42"

as bob, in another terminal:

  export PHI_PROFILE=bob
  npx phi login --broker ${broker.url}
  npx phi requests --to-approve
  npx phi approve <id>

and as alice again:

  npx phi exec -- psql
  npx phi end

`;
}

async function brokerLost(environment: Environment): Promise<string> {
  const code = await environment.broker.exited;
  return `The broker ended with ${code}. What it said last is in ${environment.brokerLog}.`;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
