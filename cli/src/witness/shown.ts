import fs from "node:fs";
import path from "node:path";
import { profilesDirectory } from "../auth/profiles.js";

type Environment = Readonly<Record<string, string | undefined>>;

const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW = 0 } = fs.constants;
/** Longest that a shown checkpoint may be, in characters; as a header comes. */
const LONGEST = 16_384;
/** In bytes. */
const MUCH = 16_384;

/**
 * What the commands that must be quick were shown of a broker's log: kept as it came, a line each, to be held to later. The hot path loads this file, so
 * it loads nothing itself.
 */
export function createKeepShown(env: Environment, broker: URL): (shown: string) => void {
  let last: string | undefined;
  return (shown) => {
    if (shown === last || shown.length > LONGEST || !/^[\w-]+$/.test(shown)) return;
    last = shown;
    try {
      append(shownFile(env, broker), `${shown}\n`);
    } catch {
      // An ordinary command, which keeps its own file in the same folder, says what is wrong with it.
    }
  };
}

/** Whether so much was shown that it should not wait for an ordinary command: some fifty checkpoints. */
export function isMuchShown(env: Environment, broker: URL): boolean {
  return (fs.statSync(shownFile(env, broker), { throwIfNoEntry: false })?.size ?? 0) > MUCH;
}

/** The file that is appended to; one that is being checked has a name that begins with this one. */
export function shownFile(env: Environment, broker: URL): string {
  return path.join(witnessDirectory(env), `${brokerFileName(broker)}.shown`);
}

export function witnessDirectory(env: Environment): string {
  return path.join(path.dirname(profilesDirectory(env)), "witness");
}

/** A broker's name as part of a file's. */
export function brokerFileName(broker: URL): string {
  return broker.host.replaceAll(/[^a-z0-9.-]/gi, "_");
}

/** Not synced: what a crash of the machine takes away is seen again with the next command. */
function append(file: string, text: string): void {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    descriptor = fs.openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  }
  fs.writeSync(descriptor, text);
  fs.closeSync(descriptor);
}
