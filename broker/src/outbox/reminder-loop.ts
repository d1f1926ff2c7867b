import type { Log } from "../ports/log.js";

/** How often it is looked whether somebody is to be reminded, in ms: three questions that indexes answer. */
const LOOK_EVERY = 5_000;

/** A timer around `remind`. */
export function createReminderLoop({ remind, log }: { readonly remind: () => Promise<number>; readonly log: Log }) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function look(): Promise<void> {
    await remind().catch((error: unknown) => {
      log.error("reminding failed", { name: error instanceof Error ? error.name : "unknown" });
    });
    running = undefined;
  }

  return {
    start(): void {
      timer = setInterval(() => {
        running ??= look();
      }, LOOK_EVERY).unref();
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      await running;
    },
  };
}
