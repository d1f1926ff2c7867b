import { type Principal, selectorsOf } from "../principal.js";
import type { PolicyRule } from "./rule.js";

/** Places of rules in the file. */
type Places = number[];

/** The rules about one pattern of resources, also by who they name, so that rules about other people cost nothing. */
interface Bucket {
  readonly all: Places;
  readonly everybody: Places;
  readonly bySelector: Map<string, Places>;
}

/** Buckets of one role: for exact names, and for beginnings with the lengths that occur. */
interface Shelf {
  readonly exact: Map<string, Bucket>;
  readonly beginnings: Map<string, Bucket>;
  readonly lengths: Set<number>;
}

/** Finds the rules about a resource and role without looking at any other. Answers are places in the file, rising. */
export interface RuleIndex {
  /** Rules about the resource and role, whomever they name. */
  about(resource: string, role: string): Places;
  /** Of those, the ones that name the principal. */
  naming(principal: Principal, resource: string, role: string): Places;
}

/** Stands for every role; no role can have this name. */
const EVERY_ROLE = "*";

export function indexRules(rules: readonly PolicyRule[]): RuleIndex {
  const shelves = new Map<string, Shelf>();
  rules.forEach((rule, place) => {
    for (const role of new Set(rule.roles ?? [EVERY_ROLE])) {
      const shelf = entry(shelves, role, () => ({ exact: new Map(), beginnings: new Map(), lengths: new Set() }));
      for (const pattern of new Set(rule.resources)) {
        const isBeginning = pattern.endsWith("*");
        const key = isBeginning ? pattern.slice(0, -1) : pattern;
        if (isBeginning) shelf.lengths.add(key.length);
        const bucket = entry(isBeginning ? shelf.beginnings : shelf.exact, key, () => ({
          all: [],
          everybody: [],
          bySelector: new Map<string, Places>(),
        }));
        bucket.all.push(place);
        if (rule.requesters === undefined) bucket.everybody.push(place);
        for (const selector of new Set(rule.requesters ?? []))
          entry(bucket.bySelector, selector, (): Places => []).push(place);
      }
    }
  });

  function buckets(resource: string, role: string): Bucket[] {
    return [role, EVERY_ROLE].flatMap((name) => {
      const shelf = shelves.get(name);
      if (shelf === undefined) return [];
      const beginnings = [...shelf.lengths]
        .filter((length) => length <= resource.length)
        .map((length) => shelf.beginnings.get(resource.slice(0, length)));
      return [shelf.exact.get(resource), ...beginnings].filter((bucket) => bucket !== undefined);
    });
  }

  return {
    about: (resource, role) => rising(buckets(resource, role).map((bucket) => bucket.all)),
    naming(principal, resource, role) {
      const selectors = selectorsOf(principal);
      return rising(
        buckets(resource, role).flatMap((bucket) => [
          bucket.everybody,
          ...selectors.map((selector) => bucket.bySelector.get(selector) ?? []),
        ]),
      );
    },
  };
}

function rising(lists: readonly Places[]): Places {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}

function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
