import fs from "node:fs";
import path from "node:path";
import { parseCheckpoint } from "@phi/shared/audit/checkpoint";
import { randomText } from "@phi/shared/ids";
import { readPrivateFile } from "../auth/profiles-file.js";
import { shownFile, witnessDirectory } from "./shown.js";

type Environment = Readonly<Record<string, string | undefined>>;

export interface Shown {
  /** Signed checkpoints, each once, those of the shortest log first. What is none is among them, at the end. */
  readonly notes: readonly string[];
  /** They were held to, and need not be kept. */
  done(): void;
}

/**
 * Takes what quick commands were shown of the broker's log. Until it is said to be done it stays: what cannot be checked now is checked by the next command.
 * Others may append, and take, at the same time.
 */
export function takeShown(env: Environment, broker: URL): Shown {
  const file = shownFile(env, broker);
  const directory = witnessDirectory(env);
  try {
    fs.renameSync(file, `${file}.${randomText(8)}`);
  } catch {
    // Nothing new; what was taken before and not done may be there.
  }
  const taken = listFiles(directory).filter((name) => name.startsWith(`${path.basename(file)}.`));
  const files = taken.map((name) => path.join(directory, name));
  // What follows the last end of a line was cut off while it was written.
  const lines = files.flatMap((one) => readPrivateFile(directory, one)?.split("\n").slice(0, -1) ?? []);
  const notes = [...new Set(lines)].map((line) => Buffer.from(line, "base64url").toString("utf8"));
  const sizeOf = (note: string) => parseCheckpoint(note)?.size ?? Number.MAX_SAFE_INTEGER;
  return {
    notes: notes.sort((a, b) => sizeOf(a) - sizeOf(b)),
    done() {
      for (const one of files) fs.rmSync(one, { force: true });
    },
  };
}

function listFiles(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch {
    return [];
  }
}
