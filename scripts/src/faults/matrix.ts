import { readFileSync, rmSync } from "node:fs";
import type { Broker } from "../environment/broker.js";
import type { Case, FaultWorld } from "./case.js";
import { createGate } from "./gate.js";
import { judgeRecordings } from "./kept-recordings.js";
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
  /** The whole telling, from the start of the broker that dies to the verdict, in ms. */
  readonly spentMs: number;
}

/** Each story is told so often to learn which places it passes, and which it passes always. */
const TELLINGS = 3;
/** A story that took another course is told so often before its point counts as not reached. */
const MOST_TELLINGS = 8;
/** … a point that is passed by chance. */
const MOST_TELLINGS_BY_CHANCE = 4;
/** Brokers that start at a time, on two processors: that is most of the work. Stories mostly wait, and many may be told at a time. */
const STARTING = 4;
const TOLD = 16;
/** … and of those that nobody cuts short, fewer: their windows of seconds must not pass unused. */
const TOLD_TO_THE_END = 8;
/** … and of those that missed their place, because too much was going on. */
const TOLD_AGAIN = 8;
/** A machine that is busy with the other stories, or with something else, fails one; not so often. */
const MOST_FAILURES = 6;

type Gate = ReturnType<typeof createGate>;

/** Tells every story a few times, undisturbed, and gives each point that was passed. A story that fails by itself is an error. */
export async function findFaults(
  world: FaultWorld,
  names = Object.keys(stories),
  tellings = TELLINGS,
): Promise<Fault[]> {
  const toBeTold = createGate(TOLD_TO_THE_END);
  const start = createGate(STARTING);
  const found = await Promise.all(
    names.map(async (name) => {
      const told = await Promise.all(
        Array.from({ length: tellings }, () => toBeTold(() => untilTold(world, name, start))),
      );
      return [...new Set(told.flat())].map((point) => ({
        story: name,
        point,
        always: told.every((points) => points.includes(point)),
      }));
    }),
  );
  return found.flat();
}

async function untilTold(world: FaultWorld, name: string, start: Gate): Promise<string[]> {
  for (let left = MOST_FAILURES; ; left--)
    try {
      return await pointsOf(world, name, start);
    } catch (error) {
      if (left === 1) throw error;
    }
}

async function pointsOf(world: FaultWorld, name: string, start: Gate): Promise<string[]> {
  const one = await newCase(world, name);
  const { after, tell } = storyOf(name);
  if (after !== undefined) await tellUntilDeath(one, after, [], start);
  const broker = await start(() => one.startFaulty());
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

/** Dies at each of them, restarts, and judges what is left. `onVerdict` hears of each as it is known. */
export async function runFaults(
  world: FaultWorld,
  faults: readonly Fault[],
  { restart, onVerdict = () => {} }: RunOptions,
): Promise<Verdict[]> {
  const toBeTold = createGate(TOLD);
  const again = createGate(TOLD_AGAIN);
  const start = createGate(STARTING);
  const tell = (fault: Fault) => runOne(world, fault, restart, start);
  return Promise.all(
    faults.map((fault) =>
      toBeTold(async () => {
        const most = fault.always ? MOST_TELLINGS : MOST_TELLINGS_BY_CHANCE;
        let verdict = await tell(fault);
        for (let told = 1; isMissed(verdict) && told < most; told++) verdict = await again(() => tell(fault));
        onVerdict(verdict);
        return verdict;
      }),
    ),
  );
}

function isMissed({ came }: Verdict): boolean {
  return came === "not_reached" || came === "by_chance";
}

async function runOne(world: FaultWorld, fault: Fault, restart: RunOptions["restart"], start: Gate): Promise<Verdict> {
  const one = await newCase(world, fault.story);
  const promised: Promised[] = [];
  let broker: Restarted | undefined;
  const began = performance.now();
  try {
    const { after } = storyOf(fault.story);
    if (after !== undefined) await tellUntilDeath(one, after, promised, start);
    const died = await tellUntilDeath(one, fault, promised, start);
    broker = died ? await start(() => one.restart(restart)) : undefined;
    const spentMs = () => performance.now() - began;
    if (broker === undefined)
      return { ...fault, came: fault.always ? "not_reached" : "by_chance", faults: [], tookMs: 0, spentMs: spentMs() };
    const begin = performance.now();
    const left = await awaitNothingLeft(one, promised);
    const tookMs = performance.now() - begin;
    const events = await wholeAudit(one.people);
    const wrong = [...left, ...readRecord(events, promised), ...(await judgeRecordings(one.people, events, promised))];
    return { ...fault, came: wrong.length === 0 ? "right" : "wrong", faults: wrong, tookMs, spentMs: spentMs() };
  } finally {
    await broker?.kill();
    one.remove();
  }
}

/** Whether the broker died of it. */
async function tellUntilDeath(one: Case, { story, point }: Place, promised: Promised[], start: Gate): Promise<boolean> {
  rmSync(one.pointsFile, { force: true });
  let broker: Broker;
  try {
    broker = await start(() => one.startFaulty(point));
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
    const isWeighty = /^(?:ledger\.(?:commit|shift)|recordings\.append|provider\.(?:issue|revoke|moveEnd))/.test(place);
    if (isWeighty && !storyOf(fault.story).patient && !chosen.has(place)) chosen.set(place, fault);
  }
  return [...chosen.values()];
}
