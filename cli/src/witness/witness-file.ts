import path from "node:path";
import { profilesDirectory } from "../auth/profiles.js";
import { readPrivateFile, writePrivateFile } from "../auth/profiles-file.js";
import { brokerFileName, witnessDirectory } from "./shown.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** What this machine saw of a broker's audit log, and holds it to. */
export interface Witnessed {
  /** The log's key, as people pass it on. */
  readonly key: string;
  /** The newest signed checkpoint that was seen and verified; absent when only the key is known (`phi login --log-key`). */
  readonly checkpoint?: string;
  /** Keys that the log had before, the newest last: they hold for what was signed up to the checkpoint. */
  readonly former?: readonly string[];
}

/** As many keys as a log has in years. */
const MOST_FORMER = 32;

/** One file per broker, below the state directory; who has several profiles at one broker has one witness. */
export function witnessFile(env: Environment, broker: URL): string {
  return path.join(witnessDirectory(env), `${brokerFileName(broker)}.json`);
}

/** What was seen; `undefined` before the first contact, also for a file that is none (then it is the first contact again, and is said so). */
export function readWitnessed(env: Environment, broker: URL): Witnessed | undefined {
  const text = readPrivateFile(witnessDirectory(env), witnessFile(env, broker));
  if (text === undefined) return undefined;
  try {
    const { key, checkpoint, former } = JSON.parse(text) as Record<string, unknown>;
    if (typeof key === "string") {
      return {
        key,
        ...(typeof checkpoint === "string" ? { checkpoint } : {}),
        ...(Array.isArray(former) ? { former: former.map(String).slice(-MOST_FORMER) } : {}),
      };
    }
  } catch {
    // as below
  }
  return undefined;
}

export function writeWitnessed(env: Environment, broker: URL, witnessed: Witnessed): void {
  writePrivateFile(witnessDirectory(env), witnessFile(env, broker), `${JSON.stringify(witnessed, undefined, 2)}\n`);
}

/** Keeps what proves that the log is not what it was, and gives the file's name. */
export function writeEvidence(env: Environment, broker: URL, evidence: object, at: Date): string {
  const folder = path.join(path.dirname(profilesDirectory(env)), "evidence");
  const file = path.join(folder, `${at.toISOString().replaceAll(":", "")}-${brokerFileName(broker)}.json`);
  writePrivateFile(folder, file, `${JSON.stringify(evidence, undefined, 2)}\n`);
  return file;
}
