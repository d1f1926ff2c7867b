import type { Writable } from "node:stream";
import type { Destination } from "../ports/destination.js";
import { codeOf, unavailable } from "./failure.js";
import type { LinesOf } from "./lines.js";

/** JSON lines on standard output. Whoever does not read it delays these lines and nothing else. */
export function createStandardOutput({
  name,
  stdout,
  linesOf,
}: {
  readonly name: string;
  readonly stdout: Writable;
  readonly linesOf: LinesOf;
}): Destination {
  /** What was given to the stream and is not through yet: it must not be given again. */
  let underWay:
    | { readonly from: number; readonly upTo: number; readonly done: Promise<string | undefined> }
    | undefined;
  let failed: string | undefined;
  // A reader that went away is told by each write; without a listener it would end the broker.
  const onError = (error: unknown) => {
    failed = codeOf(error);
  };
  stdout.on("error", onError);

  return {
    name,
    kind: "stdout",
    async deliver(events, signal) {
      const [first] = events;
      const last = events.at(-1);
      if (first === undefined || last === undefined) return { accepted: 0 };
      if (failed !== undefined || stdout.destroyed)
        return unavailable(0, `standard output is closed (${failed ?? "destroyed"})`);
      underWay ??= { from: first.seq, upTo: last.seq, done: write(await linesOf(events)) };
      const { from, upTo, done } = underWay;
      const outcome = await Promise.race([done, whenAborted(signal)]);
      if (outcome === "aborted") return unavailable(0, "nobody reads standard output");
      underWay = undefined;
      return outcome === undefined
        ? { accepted: from === first.seq ? events.filter(({ seq }) => seq <= upTo).length : 0 }
        : unavailable(0, `standard output is closed (${outcome})`);
    },
    async close() {
      stdout.off("error", onError);
    },
  };

  function write(lines: readonly string[]): Promise<string | undefined> {
    const text = lines.map((line) => `${line}\n`).join("");
    return new Promise((resolve) => stdout.write(text, (error) => resolve(error ? codeOf(error) : undefined)));
  }
}

function whenAborted(signal: AbortSignal): Promise<"aborted"> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve("aborted");
    signal.addEventListener("abort", () => resolve("aborted"), { once: true });
  });
}
