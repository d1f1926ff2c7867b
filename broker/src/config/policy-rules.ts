import type { PolicyRule, Stage } from "../domain/policy/rule.js";
import type { WrittenPolicy } from "./policy-schema.js";
import type { Problem } from "./problems.js";
import { isMapping } from "./read-resources.js";

/** What a deny policy has no use for. */
const ALLOW_ONLY = [
  "maxDuration",
  "onCall",
  "approval",
  "reason",
  "reasonPattern",
  "ticket",
  "ticketPattern",
  "pendingFor",
  "claimWithin",
  "starts",
  "idleTimeout",
  "emergency",
] as const;

/** What an allowing policy cannot do without. */
const NEEDED = ["requesters", "roles", "maxDuration"] as const;

/** Fields that stand in the file and mean nothing there, and such that are missing. `written`: as in the file, before defaults. */
export function policyProblems(written: Readonly<Record<string, unknown>>, index: number): Problem[] {
  const has = (field: string) => written[field] !== undefined;
  if (written.effect === "deny") {
    return ALLOW_ONLY.filter(has).map((field) => ({
      path: ["policies", index, field],
      message: "means nothing in a deny policy; remove it",
      at: "key",
    }));
  }
  return [
    ...approvalProblems(written.approval, index),
    ...NEEDED.filter((field) => !has(field)).map(
      (field): Problem => ({ path: ["policies", index, field], message: "is missing" }),
    ),
    ...(has("message")
      ? [{ path: ["policies", index, "message"], message: "is for deny policies only; remove it", at: "key" } as const]
      : []),
  ];
}

/** Either `from` and `count`, or `stages`. */
function approvalProblems(approval: unknown, index: number): Problem[] {
  if (!isMapping(approval)) return [];
  const path = ["policies", index, "approval"] as const;
  if (approval.stages === undefined)
    return approval.from === undefined ? [{ path: [...path, "from"], message: "is missing" }] : [];
  return ["from", "count"]
    .filter((field) => approval[field] !== undefined)
    .map((field) => ({ path: [...path, field], message: "stands in each of the stages; remove it here", at: "key" }));
}

/** The stages that were written, however they were. */
export function stagesOf({ from = [], count, stages }: NonNullable<WrittenPolicy["approval"]>): readonly Stage[] {
  return stages ?? [{ from, count }];
}

/** The domain's rule. Only for what {@link policyProblems} found nothing in. */
export function policyRule(written: WrittenPolicy): PolicyRule {
  const { effect, name, resources, requesters, roles, maxDuration, message, approval } = written;
  const during = written.during?.map(({ days, hours, timeZone }) => ({ days, ...hours, timeZone }));
  const when = during === undefined ? {} : { during };
  if (effect === "deny") {
    return {
      effect,
      name,
      resources,
      ...when,
      ...(requesters === undefined ? {} : { requesters }),
      ...(roles === undefined ? {} : { roles }),
      ...(message === undefined ? {} : { message }),
    };
  }
  const {
    onCall,
    reason,
    reasonPattern,
    ticket,
    ticketPattern,
    pendingFor,
    claimWithin,
    starts,
    idleTimeout,
    emergency,
  } = written;
  return {
    effect,
    name,
    requesters: requesters ?? [],
    resources,
    roles: roles ?? [],
    maxDuration: maxDuration ?? 0,
    ...(onCall === undefined ? {} : { onCall }),
    ...when,
    ...(approval === undefined ? {} : { approval: { stages: stagesOf(approval) } }),
    reason,
    ...(reasonPattern === undefined ? {} : { reasonPattern }),
    ticket,
    ...(ticketPattern === undefined ? {} : { ticketPattern }),
    pendingFor,
    claimWithin,
    starts,
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    ...(emergency === undefined ? {} : { emergency }),
  };
}
