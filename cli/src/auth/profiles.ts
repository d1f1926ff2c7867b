import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { PhiError } from "@phi/shared/errors";
import { closeQuietly, readPrivateFile, writePrivateFile } from "./profiles-file.js";
import { type Profile, parseProfile } from "./profiles-format.js";

/**
 * Where the CLI remembers who is signed in where: one file per profile below `$XDG_STATE_HOME/phi/profiles`
 * (XDG Base Directory Specification 0.8), each 0600 in a directory of 0700. A file that somebody else could have read or
 * written is refused, never used and never mended in silence.
 */

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The directory of the profiles. A relative `XDG_STATE_HOME` is ignored, as the specification wants; so is a `HOME` that is
 * empty or relative, or the sign-in would be kept wherever phi happens to be called.
 */
export function profilesDirectory(env: Environment): string {
  const state = env.XDG_STATE_HOME;
  const home = env.HOME === undefined ? os.homedir() : path.isAbsolute(env.HOME) ? env.HOME : os.userInfo().homedir;
  const base = state !== undefined && path.isAbsolute(state) ? state : path.join(home, ".local", "state");
  return path.join(base, "phi", "profiles");
}

/** The profile meant: as typed or in `PHI_PROFILE`, else `default`. Throws `invalid_input` for a name that is none. */
export function resolveProfileName(typed: string | undefined): string {
  const name = typed ?? "default";
  if (name.length <= 32 && /^[a-z0-9-]+$/.test(name)) return name;
  throw new PhiError("invalid_input", "A profile's name is 1 to 32 lower-case letters, digits and dashes.", {
    hint: "for example: --profile staging",
  });
}

/** The command that signs in to a profile, as the person would type it. */
export function loginCommand(name: string, broker?: string): string {
  return `phi login${broker === undefined ? "" : ` --broker ${broker}`}${name === "default" ? "" : ` --profile ${name}`}`;
}

/** The profile, or `undefined` when there is none. Throws `local_state` for a file that cannot be trusted or read. */
export function readProfile(directory: string, name: string): Profile | undefined {
  const file = fileOf(directory, name);
  const text = readPrivateFile(directory, file);
  if (text === undefined) return undefined;
  const profile = parseProfile(text);
  if (profile !== undefined) return profile;
  throw new PhiError("local_state", `The file of the profile "${name}" is damaged: ${file}`, {
    hint: `sign in again, which replaces it: ${loginCommand(name, "URL")}`,
  });
}

/** Writes the profile: whole or not at all, on disk when it returns. */
export function writeProfile(directory: string, name: string, profile: Profile): void {
  writePrivateFile(directory, fileOf(directory, name), `${JSON.stringify(profile, undefined, 2)}\n`);
}

/** Forgets the profile; tells whether there was one. */
export function removeProfile(directory: string, name: string): boolean {
  try {
    fs.unlinkSync(fileOf(directory, name));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw new PhiError("local_state", `The profile "${name}" cannot be removed: ${fileOf(directory, name)}`, {
      cause: error,
    });
  }
}

/** Names of the profiles on this machine, sorted. Their files are not opened. */
export function listProfiles(directory: string): string[] {
  let handle: fs.Dir | undefined;
  try {
    handle = fs.opendirSync(directory);
    const names: string[] = [];
    for (let entry = handle.readSync(); entry !== null; entry = handle.readSync()) {
      const name = /^([a-z0-9-]{1,32})\.json$/.exec(entry.name)?.[1];
      if (name !== undefined) names.push(name);
    }
    return names.sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new PhiError("local_state", `The directory of the profiles cannot be read: ${directory}`, { cause: error });
  } finally {
    if (handle !== undefined) closeQuietly(handle);
  }
}

function fileOf(directory: string, name: string): string {
  return path.join(directory, `${resolveProfileName(name)}.json`);
}
