import { writeSync } from "node:fs";

/** How often a full pipe is tried again, and the pause between, in ms: 30 s in all for a reader that does not read. */
const TRIES = 3_000;
const PAUSE = 10;

/**
 * Writes all of `text` to stdout (1) or stderr (2) before it returns. `false` when nobody can read it any more (closed
 * pipe, terminal gone): what was to be said is lost, and that must not stop the work. Used on the hot path, where setting
 * up `process.stderr` would be the dearest step, and at the end, where nothing may be lost in a buffer.
 */
export function writeAll(descriptor: 1 | 2, text: string): boolean {
  let rest: Buffer = Buffer.from(text, "utf8");
  for (let tries = 0; rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      // A descriptor shared with another program may have been made non-blocking by it.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || ++tries > TRIES) return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
    }
  }
  return true;
}
