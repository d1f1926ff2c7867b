import fs from "node:fs";
import path from "node:path";
import { profilesDirectory } from "../auth/profiles.js";
import { writePrivateFile } from "../auth/profiles-file.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** What was kept for windows that are over is removed when something new is kept, so many at a time. */
const MOST_REMOVED = 100;

/** One file per extended window, with its end in ms by this machine's clock: no process can be given another environment while it runs. */
function fileOf(env: Environment, request: string): { directory: string; file: string } | undefined {
  if (!/^req_[0-9a-z]{12}$/.test(request)) return undefined;
  const directory = path.join(path.dirname(profilesDirectory(env)), "ends");
  return { directory, file: path.join(directory, request) };
}

/** Keeps, for `phi prompt` in a shell that runs already, that a window ends later than that shell was told. Only a convenience: what fails here is nobody's business. */
export function keepLaterEnd(env: Environment, request: string, end: number): void {
  const place = fileOf(env, request);
  if (place === undefined || Number.isNaN(end)) return;
  try {
    writePrivateFile(place.directory, place.file, `${Math.round(end)}\n`);
    for (const name of fs.readdirSync(place.directory).slice(0, MOST_REMOVED)) {
      if ((laterEnd(env, name) ?? Number.POSITIVE_INFINITY) < Date.now())
        fs.rmSync(path.join(place.directory, name), { force: true });
    }
  } catch {
    // The prompt then tells the old end.
  }
}

/** The later end of a window, in ms, if this machine was told of one. */
export function laterEnd(env: Environment, request: string): number | undefined {
  const place = fileOf(env, request);
  try {
    const text = place === undefined ? "" : fs.readFileSync(place.file, "latin1");
    return /^\d{1,16}\n$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}
