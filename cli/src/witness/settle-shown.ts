import type { Globals } from "../argv.js";
import { openInvocation } from "../invocation.js";
import { processSurroundings } from "../terminal/terminal.js";

/** Holds the broker's log to all that quick commands were shown of it. Throws `log_broken`. */
export async function settleShown(globals: Globals): Promise<void> {
  const phi = await openInvocation(globals, processSurroundings());
  try {
    await phi.broker();
    await phi.bearWitness();
  } finally {
    phi.close();
  }
}
