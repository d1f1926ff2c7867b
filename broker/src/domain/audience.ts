import type { Occasion } from "./occasion.js";
import type { Selector } from "./principal.js";

/** Whom a rule tells: who asked, who may answer, admins, the ones an unanswered request is escalated to, or somebody named. */
export type Listener = "requester" | "approvers" | "admins" | "escalation" | Selector;

/** Which occasions go through which channel, and whom a channel that reaches persons tells. */
export interface NoticeRule {
  readonly on: readonly Occasion[];
  readonly through: readonly string[];
  readonly tell: readonly Listener[];
}

export interface Audience {
  readonly selectors: readonly Selector[];
  readonly requester: boolean;
}

/** An emergency that no rule mentions goes through every channel: it must not pass unseen because somebody forgot a line. */
const EMERGENCIES: NoticeRule = { on: ["emergency"], through: [], tell: ["approvers", "admins"] };

function rulesFor(rules: readonly NoticeRule[], channel: string): readonly NoticeRule[] {
  const fitting = rules.filter(({ through }) => through.includes(channel));
  return rules.some(({ on }) => on.includes("emergency")) ? fitting : [...fitting, EMERGENCIES];
}

/** The occasions that a channel tells of. */
export function occasionsOf(rules: readonly NoticeRule[], channel: string): ReadonlySet<Occasion> {
  return new Set(rulesFor(rules, channel).flatMap(({ on }) => on));
}

/** Whom the rules of one channel tell of one occasion; `undefined`: no rule does. `named`: whom policy wants told in any case. */
export function audienceOf(
  rules: readonly NoticeRule[],
  channel: string,
  occasion: Occasion,
  groups: {
    readonly approvers: readonly Selector[];
    readonly admins: readonly Selector[];
    readonly escalation: readonly Selector[];
    readonly named: readonly Selector[];
  },
): Audience | undefined {
  const fitting = rulesFor(rules, channel).filter(({ on }) => on.includes(occasion));
  if (fitting.length === 0) return undefined;
  const listeners = new Set(fitting.flatMap(({ tell }) => tell));
  const selectors = [...listeners].flatMap((listener): readonly Selector[] => {
    switch (listener) {
      case "requester":
        return [];
      case "approvers":
        return groups.approvers;
      case "admins":
        return groups.admins;
      case "escalation":
        return groups.escalation;
      default:
        return [listener];
    }
  });
  return { selectors: [...new Set([...selectors, ...groups.named])], requester: listeners.has("requester") };
}
