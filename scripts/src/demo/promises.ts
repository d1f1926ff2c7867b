import { isDeepStrictEqual } from "node:util";
import type { Transcript } from "./transcript.js";

/** A promise of phi's that did not hold. It has been shown already. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

/** Checks what was promised against what happened; the first difference ends the demo. */
export interface Promises {
  /** What happened is this very value. */
  same(promise: string, happened: unknown, promised: unknown): void;
  /** What was said holds all of these. */
  says(promise: string, said: string, words: readonly (string | RegExp)[]): void;
  holds(promise: string, holds: boolean, otherwise: string): void;
  /** How many were kept. */
  readonly count: number;
}

export function createPromises(transcript: Transcript): Promises {
  let count = 0;

  function holds(promise: string, kept: boolean, otherwise: string): void {
    if (!kept) {
      transcript.broken(promise, otherwise);
      throw new BrokenPromise(promise);
    }
    count += 1;
    transcript.kept(promise);
  }

  return {
    holds,
    same: (promise, happened, promised) =>
      holds(
        promise,
        isDeepStrictEqual(happened, promised),
        `promised ${JSON.stringify(promised)}\nhappened ${JSON.stringify(happened)}`,
      ),
    says: (promise, said, words) => {
      const missing = words.filter((word) => (typeof word === "string" ? !said.includes(word) : !word.test(said)));
      holds(promise, missing.length === 0, `not said: ${missing.join(", ")}\nsaid: ${said}`);
    },
    get count() {
      return count;
    },
  };
}
