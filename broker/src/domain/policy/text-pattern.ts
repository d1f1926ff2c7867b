import { type Fits, type Node, PatternMistake, readPattern } from "./text-pattern-syntax.js";

/**
 * Patterns for reasons and tickets that cost time in proportion to the text, whatever the pattern: a Thompson automaton
 * (Thompson 1968) without backtracking, for the syntax that RE2 has too. Text from people meets a pattern from the policy
 * file; `RegExp` would let one slip in the file stop the broker for minutes.
 *
 * Known: characters, `.`, `\d \w \s \D \W \S`, `\` before a sign, `[A-Z0-9_]` and `[^…]`, `( )` and `(?: )`, `|`, `* + ? {n} {n,} {n,m}`.
 * A pattern always means the whole text; `^` at its start and `$` at its end are allowed and change nothing.
 */
export type TextPattern = (text: string) => boolean;

/** Parts a pattern may have once its repetitions are written out; an automaton has at most twice as many states. */
const MOST_PARTS = 2_000;
/** Longest source, and longest text that is looked at, in UTF-16 units. */
export const LONGEST_PATTERN = 200;
export const LONGEST_TEXT = 1_000;

/** States are numbers: each either takes a character and goes on, or leads to others without one. The last is the end. */
interface State {
  readonly fits?: Fits;
  readonly next: number[];
}

/** @throws PatternMistake */
export function compilePattern(source: string): TextPattern {
  if (source.length > LONGEST_PATTERN) throw new PatternMistake(`is longer than ${LONGEST_PATTERN} characters`);
  const states: State[] = [];
  const add = (state: State): number => states.push(state) - 1;
  let steps = 0;
  /** Builds the states of a node that go on to `then`, and gives the first of them. */
  const build = (node: Node, then: number): number => {
    if (++steps > MOST_PARTS) throw new PatternMistake("is too large once its repetitions are written out");
    switch (node.is) {
      case "one":
        return add({ fits: node.fits, next: [then] });
      case "all":
        return node.of.reduceRight((next, part) => build(part, next), then);
      case "any":
        return add({ next: node.of.map((part) => build(part, then)) });
      case "many": {
        let first = then;
        if (node.most === Number.POSITIVE_INFINITY) {
          const loop: State = { next: [then] };
          first = add(loop);
          loop.next.push(build(node.of, first));
        } else {
          for (let left = node.most - node.least; left > 0; left--)
            first = add({ next: [then, build(node.of, first)] });
        }
        for (let left = node.least; left > 0; left--) first = build(node.of, first);
        return first;
      }
    }
  };
  const end = add({ next: [] });
  const start = build(readPattern(source), end);
  return (text) => text.length <= LONGEST_TEXT && run(states, start, end, text);
}

function run(states: readonly State[], start: number, end: number, text: string): boolean {
  let current = reach(states, [start]);
  for (const character of text) {
    const after: number[] = [];
    for (const index of current) {
      const state = states[index];
      if (state?.fits?.(character) === true) after.push(...state.next);
    }
    if (after.length === 0) return false;
    current = reach(states, after);
  }
  return current.has(end);
}

/** All states that can be reached without taking a character. */
function reach(states: readonly State[], from: readonly number[]): Set<number> {
  const found = new Set<number>();
  const open = [...from];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (found.has(index)) continue;
    found.add(index);
    const state = states[index];
    if (state !== undefined && state.fits === undefined) open.push(...state.next);
  }
  return found;
}
