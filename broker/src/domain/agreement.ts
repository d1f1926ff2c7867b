import type { Instant } from "@phi/shared/time";

/** Two clocks that differ by more than this, in ms, do not tell the same time. */
export const AGREE_WITHIN = 60_000;

export function agree(a: Instant, b: Instant): boolean {
  return Math.abs(a - b) <= AGREE_WITHIN;
}

/**
 * The wall clock jumped, or the machine slept: which is right, the wall or the time that has passed since it was last right? The targets'
 * own clocks are the witnesses, because theirs are the sessions that would be cut early or late. Without a majority nothing is decided, and
 * passing time goes on to count: nothing is revoked early, and what is late on a target that nobody can ask is late there anyway.
 */
export function judgeTime(
  wall: Instant,
  passed: Instant,
  witnesses: readonly Instant[],
): "wall" | "passed" | "undecided" {
  const forWall = witnesses.filter((witness) => agree(witness, wall)).length;
  const forPassed = witnesses.filter((witness) => agree(witness, passed)).length;
  if (forWall === forPassed) return "undecided";
  return forWall > forPassed ? "wall" : "passed";
}

/**
 * At the start no time has passed that could be compared. The wall counts, unless there are witnesses, none of them agrees with it and all
 * of them agree with each other: then the time is theirs, and this is the first of them.
 */
export function timeAtStart(wall: Instant, witnesses: readonly Instant[]): Instant {
  const [first] = witnesses;
  if (first === undefined || witnesses.some((witness) => agree(witness, wall))) return wall;
  return witnesses.every((witness) => agree(witness, first)) ? first : wall;
}
