import { newId } from "@phi/shared/ids";
import { agree, judgeTime, timeAtStart } from "../domain/agreement.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { Ledger } from "../ports/ledger.js";
import type { Log } from "../ports/log.js";
import type { SteadyClock } from "../ports/steady-clock.js";

/** How long a witness may take, in ms: after a jump, and at the start, which waits for it. */
const ANSWER_WITHIN = 5_000;
const ANSWER_WITHIN_AT_START = 2_000;
/** Between two hearings of the same disagreement, in ms of passing time. */
const HEARING_EVERY = 10_000;

export interface KeepTime {
  /** Before anything is revoked: is the wall clock what the targets' clocks say? */
  atStart(): Promise<void>;
  /** Once in a turn of the loop; never waits for a target. */
  look(): void;
}

/** Says which time is right when the wall clock has jumped; `domain/agreement.ts` has the rule and its reason. */
export function createKeepTime(needs: {
  readonly clock: SteadyClock;
  readonly catalogue: Catalogue;
  readonly ledger: Pick<Ledger, "record">;
  readonly log: Log;
}): KeepTime {
  const { clock, catalogue, ledger, log } = needs;
  let hearing: Promise<void> | undefined;
  let nextHearing = 0;
  let told: string | undefined;
  let heardOf = 0;

  async function witnesses(within: number): Promise<number[]> {
    const answers = await Promise.all(
      catalogue.resources.map(async (resource) => {
        const provider = catalogue.provider(resource.kind);
        return provider?.clock?.(resource.config, AbortSignal.timeout(within)).catch(() => undefined);
      }),
    );
    return answers.filter((answer) => answer !== undefined);
  }

  async function tell(decision: "wall" | "passed" | "undecided" | "targets", byMs: number, heard: number) {
    // What the targets said at the start is passing time from then on.
    const now = decision === "targets" ? "passed" : decision;
    if (told === now) return;
    told = now;
    log.warn("clock disagrees", { decision, byMs, witnesses: heard });
    await ledger
      .record({
        id: newId("event"),
        at: clock.now(),
        kind: "clock.stepped",
        data: { byMs: Math.round(byMs), followed: decision, witnesses: heard },
      })
      .catch(() => undefined);
  }

  async function hear(): Promise<void> {
    const heard = await witnesses(ANSWER_WITHIN);
    const still = clock.disagreement();
    if (still === undefined) return;
    const verdict = judgeTime(still.wall, still.passed, heard);
    if (verdict === "wall") clock.set(still.wall);
    await tell(verdict, still.wall - still.passed, heard.length);
  }

  return {
    async atStart() {
      const began = clock.now();
      const heard = await witnesses(ANSWER_WITHIN_AT_START);
      const time = timeAtStart(clock.now(), heard);
      if (Math.abs(time - began) <= ANSWER_WITHIN_AT_START * 2) return;
      const byMs = clock.now() - time;
      clock.set(time);
      heardOf = byMs;
      await tell("targets", byMs, heard.length);
    },
    look() {
      const disagreement = clock.disagreement();
      if (disagreement === undefined) {
        heardOf = 0;
        return;
      }
      const difference = disagreement.wall - disagreement.passed;
      if (!agree(difference, heardOf)) {
        // Another jump than the one that was heard.
        heardOf = difference;
        nextHearing = 0;
        told = undefined;
      }
      if (hearing !== undefined || disagreement.passed < nextHearing) return;
      nextHearing = disagreement.passed + HEARING_EVERY;
      hearing = hear()
        .catch(() => undefined)
        .finally(() => {
          hearing = undefined;
        });
    },
  };
}
