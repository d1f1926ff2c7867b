import { openSync, writeSync } from "node:fs";
import { startBroker } from "@phi/broker/compose";
import { loadConfig } from "@phi/broker/config/load";
import { createJsonLog } from "@phi/broker/log/json-log";
import { createProviders } from "@phi/broker/providers/registry";
import { Command } from "commander";
import { createFaultPoints, type Naming } from "./fault-points.js";

/** What a change or a move is about, in one word, when its argument says so. */
function about(argument: unknown): string {
  const { events, kind, from, move } = argument as {
    events?: readonly { kind: string }[];
    kind?: string;
    from?: string;
    move?: { to: string };
  };
  if (events?.[0] !== undefined) return events[0].kind;
  if (kind !== undefined) return kind;
  return from === undefined || move === undefined ? "" : `${from} to ${move.to}`;
}

const WRITES = ["commit", "shift", "record", "releaseClaims"];
const ledgerCalls: Naming = {
  name: (method, args) => `ledger.${method}${WRITES.includes(method) ? `(${about(args[0])})` : ""}`,
  pure: [],
  reads: (method) => !WRITES.includes(method),
  remote: false,
};
const recordingCalls: Naming = {
  name: (method) => `recordings.${method}`,
  pure: [],
  reads: (method) => method !== "append",
  remote: false,
};
const providerCalls: Naming = {
  name: (method) => `provider.${method}`,
  pure: ["plan", "describe"],
  reads: (method) => method !== "issue" && method !== "revoke" && method !== "moveEnd",
  remote: true,
};

interface Options {
  readonly config: string;
  readonly points: string;
  readonly crashAt?: string;
  readonly everyRead?: boolean;
}

/** The real broker, all of it, but for the death it has been told to die. */
async function serve({ config: file, points: pointsFile, crashAt, everyRead = false }: Options): Promise<void> {
  process.umask(0o077);
  const written = openSync(pointsFile, "a", 0o600);
  const points = createFaultPoints(
    (point) => writeSync(written, `${point}\n`), // at once: the next thing may be our end
    crashAt,
    () => process.kill(process.pid, "SIGKILL"),
    everyRead,
  );
  const real = createProviders();
  const providers = Object.fromEntries(
    Object.entries(real).map(([kind, provider]) => [kind, points.wrap(provider, providerCalls)]),
  );
  const kinds = Object.fromEntries(Object.entries(real).map(([kind, { schema }]) => [kind, schema]));
  const config = await loadConfig(file, { env: process.env, kinds });
  const broker = await startBroker({
    config,
    version: "faulty",
    providers,
    clock: { now: Date.now },
    log: createJsonLog(),
    wrapLedger: (ledger) => points.wrap(ledger, ledgerCalls),
    wrapRecordings: (recordings) => points.wrap(recordings, recordingCalls),
  });
  process.stdout.write(`${JSON.stringify({ listening: broker.url })}\n`);
  await new Promise((resolve) => process.once("SIGTERM", resolve));
  await broker.stop();
}

// Not at the top level's await: the bundle is CommonJS.
new Command("faulty-broker")
  .description("A real broker that writes down the places where it could die, and dies at one of them.")
  .requiredOption("--config <file>", "the broker's configuration")
  .requiredOption("--points <file>", "where each place is written, one on a line, when it is passed")
  .option("--crash-at <place>", "kill -9 ourselves there")
  .option("--every-read", "a read is a place again after each write")
  .option("--json", "as the broker's: one line when it listens")
  .action(serve)
  .parseAsync()
  .then(() => process.exit());
