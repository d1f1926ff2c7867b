/** The person pressed Ctrl-C or closed the input: nothing more is done. Not a failure; `main.ts` ends as by SIGINT (130). */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** A signal that ends with the first Ctrl-C (or SIGTERM), for one piece of waiting. Call `release` when that is over. */
export function listenForInterrupt(): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new Interrupted("interrupted"));
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return {
    signal: controller.signal,
    release: () => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    },
  };
}
