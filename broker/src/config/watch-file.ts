import { stat } from "node:fs/promises";

/** How often the file is looked at, in ms. */
const EVERY = 2_000;

/**
 * Calls `changed` when the file at the path has become another one and has been left alone for one look, so that what is half written is
 * not read. Looks instead of listening: that works across renames, links and mounts, where change notices of the system get lost.
 *
 * @returns what ends it
 */
export function watchFile(path: string, changed: () => void, every = EVERY): () => void {
  let known: string | undefined;
  let seen: string | undefined;
  let isLooking = false;

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    const now = await lookAt(path);
    isLooking = false;
    known ??= now;
    if (now !== known && now === seen && now !== "") {
      known = now;
      changed();
    }
    seen = now;
  }

  void look();
  const timer = setInterval(() => void look(), every);
  timer.unref();
  return () => clearInterval(timer);
}

/** What differs when the file does; empty while it cannot be seen (the moment of a rename). */
async function lookAt(path: string): Promise<string> {
  try {
    const { mtimeMs, ctimeMs, size, ino, dev } = await stat(path);
    return [mtimeMs, ctimeMs, size, ino, dev].join(" ");
  } catch {
    return "";
  }
}
