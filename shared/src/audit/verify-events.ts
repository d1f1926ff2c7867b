import type { Checkpoint } from "./checkpoint.js";
import { EMPTY_FRONTIER, extend, type Frontier, rootOf } from "./frontier.js";
import { type Leafable, leafOf } from "./leaf.js";
import { sameHash } from "./merkle-hash.js";

/** The first thing that is wrong with a log. */
export interface LogFault {
  /** Number of the event (`seq`) that is wrong, or at which the log stops being what was signed. */
  readonly seq: number;
  readonly because: string;
}

export interface LogVerifier {
  /** Takes the next event, as the audit log gives it; says what is wrong with it. Nothing is to be given after that. */
  add(event: Leafable & { readonly seq?: unknown; readonly leaf?: unknown }): LogFault | undefined;
  /** Compares what was given with a checkpoint of a size that was announced; `undefined` when it is the log that was signed. */
  compare(signed: Checkpoint): LogFault | undefined;
  /** Events given. */
  readonly size: number;
}

/** Builds the tree over events anew, from the first, in order. `sizes`: of the checkpoints that they will be compared with. */
export function createLogVerifier(sizes: readonly number[]): LogVerifier {
  let frontier: Frontier = EMPTY_FRONTIER;
  const wanted = new Set(sizes);
  const seen = new Map<number, Frontier>([[0, EMPTY_FRONTIER]]);
  return {
    add(event) {
      const seq = frontier.size + 1;
      if (event.seq !== seq)
        return {
          seq,
          because: typeof event.seq === "number" && event.seq > seq ? "is missing" : "is not in its place",
        };
      try {
        const leaf = leafOf(event);
        if (event.leaf !== undefined && event.leaf !== Buffer.from(leaf).toString("hex"))
          return { seq, because: "is not what was recorded: it does not make its leaf" };
        frontier = extend(frontier, [leaf]);
      } catch {
        return { seq, because: "is no event" };
      }
      if (wanted.has(frontier.size)) seen.set(frontier.size, frontier);
      return undefined;
    },
    compare({ size, root }) {
      if (size > frontier.size) return { seq: frontier.size + 1, because: `is missing: ${size} events were signed` };
      const then = seen.get(size);
      if (then !== undefined && sameHash(rootOf(then), root)) return undefined;
      return { seq: 1, because: `or a later one up to ${size} is not what was signed` };
    },
    get size() {
      return frontier.size;
    },
  };
}
