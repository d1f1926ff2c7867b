import { readFileSync, rmSync } from "node:fs";
import type { Broker } from "../environment/broker.js";
import type { Case, FaultWorld } from "./case.js";
import { createGate } from "./gate.js";
import type { Restarted } from "./restart-here.js";
import { type Fault, type Place, type Promised, type Story, stories } from "./stories.js";
import { awaitNothingLeft, readRecord, wholeAudit } from "./verdict.js";

export interface Verdict extends Fault {
  /**
   * `by_chance`: the undisturbed story passed it in some of its tellings only, and in none of those in which it was to die there: whether the
   * loop looks just then is chance. `not_reached`: it was always passed, and this time never; that wants an explanation.
   */
  readonly came: "right" | "wrong" | "by_chance" | "not_reached";
  readonly faults: readonly string[];
  /** From the restart until the target equalled the ledger, in ms. */
  readonly tookMs: number;
}

/** Each story is told so often to learn which places it passes, and which it passes always. */
const TELLINGS = 3;
/** A story that took another course is told so often before its point counts as not reached. */
const MOST_TELLINGS = 8;
/** … a point that is passed by chance. */
const MOST_TELLINGS_BY_CHANCE = 4;
/** Brokers at work at a time; those that only wait for an instant to come cost little and may be many. */
const AT_WORK = 3;
const WAITING = 40;

/** Tells every story a few times, undisturbed, and gives each point that was passed. A story that fails by itself is an error. */
export async function findFaults(
  world: FaultWorld,
  names = Object.keys(stories),
  tellings = TELLINGS,
): Promise<Fault[]> {
  const waiting = createGate(WAITING);
  const atWork = createGate(AT_WORK);
  const found = await Promise.all(
    names.map(async (name) => {
      const gate = storyOf(name).patient ? waiting : atWork;
      const told = await Promise.all(Array.from({ length: tellings }, () => gate(() => untilTold(world, name))));
      return [...new Set(told.flat())].map((point) => ({
        story: name,
        point,
        always: told.every((points) => points.includes(point)),
      }));
    }),
  );
  return found.flat();
}

/** A target that is busy with the other stories fails one; not three times. */
async function untilTold(world: FaultWorld, name: string): Promise<string[]> {
  for (let left = 3; ; left--)
    try {
      return await pointsOf(world, name);
    } catch (error) {
      if (left === 1) throw error;
    }
}

async function pointsOf(world: FaultWorld, name: string): Promise<string[]> {
  const one = await newCase(world, name);
  const { after, tell } = storyOf(name);
  if (after !== undefined) await tellUntilDeath(one, after, []);
  const broker = await one.startFaulty();
  try {
    await tell(one.people, []);
    return readFileSync(one.pointsFile, "utf8").trimEnd().split("\n");
  } finally {
    await broker.kill();
    one.remove();
  }
}

async function newCase(world: FaultWorld, story: string): Promise<Case> {
  const one = await world.newCase();
  for (let left = storyOf(story).strangers ?? 0; left > 0; left--) await one.makeStranger();
  return one;
}

export interface RunOptions {
  /** See {@link Case.restart}. Whoever dies is always a process of its own. */
  readonly restart: "process" | "here";
  readonly onVerdict?: (verdict: Verdict) => void;
}

type Gate = ReturnType<typeof createGate>;

/** Dies at each of them, restarts, and judges what is left. `onVerdict` hears of each as it is known. */
export async function runFaults(
  world: FaultWorld,
  faults: readonly Fault[],
  { restart, onVerdict = () => {} }: RunOptions,
): Promise<Verdict[]> {
  const tell = (fault: Fault, gate: Gate) => runOne(world, fault, restart, gate);
  const waiting = createGate(WAITING);
  const atWork = createGate(AT_WORK);
  return Promise.all(
    faults.map((fault) =>
      waiting(async () => {
        const gate: Gate = storyOf(fault.story).patient ? (work) => work() : atWork;
        const most = fault.always ? MOST_TELLINGS : MOST_TELLINGS_BY_CHANCE;
        let verdict = await tell(fault, gate);
        for (let told = 1; isMissed(verdict) && told < most; told++) verdict = await tell(fault, gate);
        onVerdict(verdict);
        return verdict;
      }),
    ),
  );
}

function isMissed({ came }: Verdict): boolean {
  return came === "not_reached" || came === "by_chance";
}

async function runOne(world: FaultWorld, fault: Fault, restart: RunOptions["restart"], atWork: Gate): Promise<Verdict> {
  const one = await newCase(world, fault.story);
  const promised: Promised[] = [];
  let broker: Restarted | undefined;
  try {
    broker = await atWork(async () => {
      const { after } = storyOf(fault.story);
      if (after !== undefined) await tellUntilDeath(one, after, promised);
      return (await tellUntilDeath(one, fault, promised)) ? one.restart(restart) : undefined;
    });
    if (broker === undefined)
      return { ...fault, came: fault.always ? "not_reached" : "by_chance", faults: [], tookMs: 0 };
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
async function tellUntilDeath(one: Case, { story, point }: Place, promised: Promised[]): Promise<boolean> {
  rmSync(one.pointsFile, { force: true });
  let broker: Broker;
  try {
    broker = await one.startFaulty(point);
  } catch {
    return passed(one, point); // before it served
  }
  // A story that fails for want of its broker is as it should be; one that fails by itself has not passed the place, and is told again.
  await storyOf(story)
    .tell(one.people, promised)
    .catch(() => undefined);
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
