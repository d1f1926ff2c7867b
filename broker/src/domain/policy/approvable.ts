import { isOpenEnded, type Principal, type Selector } from "../principal.js";
import type { Stage } from "./rule.js";

/**
 * Whether different people other than the requester could fill every stage. Who is in a group is known only when they sign in,
 * so a group can always be filled, and so can who is on call; named people are counted: each fills one place in one stage (a matching, by augmenting paths).
 */
export function couldBeApproved(stages: readonly Stage[], requester: Pick<Principal, "subject"> | undefined): boolean {
  const own = requester === undefined ? undefined : `principal:${requester.subject}`;
  const places = stages
    .filter((stage) => !stage.from.some((selector) => isOpenEnded(selector)))
    .flatMap(({ from, count }) => {
      const people = [...new Set(from)].filter((selector) => selector !== own);
      return Array.from({ length: count }, () => people);
    });
  const taken = new Map<Selector, readonly Selector[]>();
  const seat = (people: readonly Selector[], tried: Set<Selector>): boolean =>
    people.some((person) => {
      if (tried.has(person)) return false;
      tried.add(person);
      const other = taken.get(person);
      if (other !== undefined && !seat(other, tried)) return false;
      taken.set(person, people);
      return true;
    });
  return places.every((people) => seat(people, new Set()));
}
