import type { Occasion } from "./notice.js";
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

/** Whom the rules of one channel tell of one occasion; `undefined`: no rule does. */
export function audienceOf(
  rules: readonly NoticeRule[],
  channel: string,
  occasion: Occasion,
  groups: {
    readonly approvers: readonly Selector[];
    readonly admins: readonly Selector[];
    readonly escalation: readonly Selector[];
  },
): Audience | undefined {
  const fitting = rules.filter(({ on, through }) => through.includes(channel) && on.includes(occasion));
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
  return { selectors: [...new Set(selectors)], requester: listeners.has("requester") };
}
