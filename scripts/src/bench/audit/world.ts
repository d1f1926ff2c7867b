import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Environment, startEnvironment } from "../../environment/environment.js";
import { type Person, signIn } from "../signed-in.js";
import { buildTree } from "./build-tree.js";
import { fillLog } from "./fill-log.js";

const bin = fileURLToPath(new URL("../../../../cli/bin/phi.cjs", import.meta.url));

/** A broker and an auditor who is signed in to it. */
export interface Place {
  readonly environment: Environment;
  readonly ledgerFile: string;
  /** The log's key. */
  readonly keyFile: string;
  readonly auditor: Person;
}

export interface World {
  /** How many events the full log was given, and how many of them within the last week. */
  readonly events: number;
  readonly recent: number;
  readonly empty: Place;
  readonly full: Place;
  close(): Promise<void>;
}

/** Two brokers, one with hardly an event and one with many. Each is where it is because it was started so: nothing else differs. */
export async function openWorld(events: number): Promise<World> {
  const home = mkdtempSync(path.join(os.tmpdir(), "phi-bench-audit-"));
  const undo: (() => unknown)[] = [() => rmSync(home, { recursive: true, force: true })];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  const recent = Math.min(50_000, events);
  const place = async (name: string): Promise<Place> => {
    const environment = await startEnvironment();
    undo.push(() => environment.stop());
    const { PATH = "/usr/bin:/bin" } = process.env;
    // NODE_EXTRA_CA_CERTS is left out: Node 20 parses that bundle at each start, which takes longer than phi does.
    const env = {
      PATH,
      HOME: path.join(home, name),
      XDG_STATE_HOME: path.join(home, name, "state"),
      PHI_KEYRING: "off",
    };
    const auditor = { bin, env };
    await signIn(auditor, "carol", environment.broker.url, environment.issuer.url);
    const folder = path.join(environment.stateDir, "broker");
    const ledgerFile = path.join(folder, "phi.db");
    return { environment, ledgerFile, keyFile: `${ledgerFile}.log-key`, auditor };
  };
  try {
    const [empty, full] = [await place("empty"), await place("full")];
    await full.environment.broker.stop();
    process.stderr.write(`writing ${events.toLocaleString("en")} events …\n`);
    fillLog(full.ledgerFile, { events, recent });
    process.stderr.write("building its tree …\n");
    await buildTree(full);
    return { events, recent, empty, full, close };
  } catch (error) {
    await close();
    throw error;
  }
}
