import { printable } from "@phi/shared/text";
import type { Ending } from "../child/ending.js";
import { laterEnd } from "../child/later-end.js";
import { writeAll } from "../terminal/write.js";

/**
 * `phi prompt`: `db-prod 12m` inside a lease, nothing outside; for PS1 and starship. From the environment, and from the file that says
 * that a window was extended; no network, so that a prompt never waits. By this machine's clock: close enough for a prompt.
 */
export function prompt(env: Readonly<Record<string, string | undefined>>, now: number): Ending {
  const text = promptText(env, now);
  if (text !== undefined) writeAll(1, `${text}\n`);
  return { code: 0 };
}

/** What `phi prompt` prints at `now` (ms), if anything. */
export function promptText(env: Readonly<Record<string, string | undefined>>, now: number): string | undefined {
  const end = Math.max(Date.parse(env.PHI_EXPIRES_AT ?? ""), laterEnd(env, env.PHI_REQUEST ?? "") ?? 0);
  const resource = printable(env.PHI_RESOURCE ?? "", 63);
  if (resource === "" || Number.isNaN(end)) return undefined;
  const seconds = Math.ceil((end - now) / 1000);
  const emergency = env.PHI_EMERGENCY === "1" ? "EMERGENCY " : "";
  return `${emergency}${resource} ${seconds <= 0 ? "over" : short(seconds)}`;
}

/** Two digits at most per unit, one unit when it is enough: `40s`, `12m`, `2h5m`, `3d`. */
function short(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return `${Math.floor(hours / 24)}d`;
}
