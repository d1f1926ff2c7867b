import { readFileSync, rmSync } from "node:fs";
import type { Broker } from "../environment/broker.js";
import type { Case, FaultWorld } from "./case.js";
import { createGate } from "./gate.js";
import { type Fault, type Promised, type Story, stories } from "./stories.js";
import { awaitNothingLeft, readRecord, wholeAudit } from "./verdict.js";

export interface Verdict extends Fault {
  /** `not_reached`: this time the story took another course, for the loop's timer has its own pace; nothing was shown. */
  readonly came: "right" | "wrong" | "not_reached";
  readonly faults: readonly string[];
  /** From the restart until the target equalled the ledger, in ms. */
  readonly tookMs: number;
}

/** A story that took another course is told so often before its point counts as not reached. */
const MOST_TELLINGS = 4;
/** Brokers at work at a time; those that only wait for an instant to come cost little and may be many. */
const AT_WORK = 3;
const WAITING = 40;

/** Tells every story once, undisturbed, and gives each point that was passed. A story that fails by itself is an error. */
export async function findFaults(world: FaultWorld): Promise<Fault[]> {
  const found = await Promise.all(
    Object.keys(stories).map(async (name) => {
      const one = await world.newCase();
      const { after, tell } = storyOf(name);
      if (after !== undefined) await tellUntilDeath(one, after, []);
      const broker = await one.startFaulty();
      try {
        await tell(one.people, []);
        const points = readFileSync(one.pointsFile, "utf8").trimEnd().split("\n");
        return points.map((point) => ({ story: name, point }));
      } finally {
        await broker.kill();
        one.remove();
      }
    }),
  );
  return found.flat();
}

/** Dies at each of them, restarts, and judges what is left. `onVerdict` hears of each as it is known. */
export async function runFaults(
  world: FaultWorld,
  faults: readonly Fault[],
  onVerdict: (verdict: Verdict) => void = () => {},
): Promise<Verdict[]> {
  const waiting = createGate(WAITING);
  const atWork = createGate(AT_WORK);
  return Promise.all(
    faults.map((fault) =>
      waiting(async () => {
        const gate: typeof atWork = storyOf(fault.story).patient ? (work) => work() : atWork;
        let verdict = await runOne(world, fault, gate);
        for (let told = 1; verdict.came === "not_reached" && told < MOST_TELLINGS; told++)
          verdict = await runOne(world, fault, gate);
        onVerdict(verdict);
        return verdict;
      }),
    ),
  );
}

async function runOne(world: FaultWorld, fault: Fault, atWork: ReturnType<typeof createGate>): Promise<Verdict> {
  const one = await world.newCase();
  const promised: Promised[] = [];
  let broker: Broker | undefined;
  try {
    broker = await atWork(async () => {
      const { after } = storyOf(fault.story);
      if (after !== undefined) await tellUntilDeath(one, after, promised);
      return (await tellUntilDeath(one, fault, promised)) ? one.startNormal() : undefined;
    });
    if (broker === undefined) return { ...fault, came: "not_reached", faults: [], tookMs: 0 };
    const begin = performance.now();
    const left = await awaitNothingLeft(one);
    const tookMs = performance.now() - begin;
    const wrong = [...left, ...readRecord(await wholeAudit(one.people), promised)];
    return { ...fault, came: wrong.length === 0 ? "right" : "wrong", faults: wrong, tookMs };
  } finally {
    await broker?.kill();
    one.remove();
  }
}

/** Whether the broker died of it. */
async function tellUntilDeath(one: Case, { story, point }: Fault, promised: Promised[]): Promise<boolean> {
  rmSync(one.pointsFile, { force: true });
  let broker: Broker;
  try {
    broker = await one.startFaulty(point);
  } catch {
    return passed(one, point); // before it served
  }
  await storyOf(story)
    .tell(one.people, promised)
    .catch((error: unknown) => {
      if (!passed(one, point)) throw error;
    });
  await broker.kill();
  return passed(one, point);
}

function passed(one: Case, point: string): boolean {
  return readFileSync(one.pointsFile, "utf8").split("\n").includes(point);
}

function storyOf(name: string): Story {
  const story = stories[name];
  if (story === undefined) throw new Error(`there is no story "${name}"`);
  return story;
}

/**
 * Where something is written or a target is called: enough for a short run. What comes again, in the same story or another, counts
 * once.
 */
export function weightiest(faults: readonly Fault[]): Fault[] {
  const chosen = new Map<string, Fault>();
  for (const fault of faults) {
    const place = fault.point.replace(/ \d+$/, "");
    const isWeighty = /^(?:ledger\.(?:commit|shift)|provider\.(?:issue|revoke|moveEnd))/.test(place);
    if (isWeighty && !storyOf(fault.story).patient && !chosen.has(place)) chosen.set(place, fault);
  }
  return [...chosen.values()];
}
