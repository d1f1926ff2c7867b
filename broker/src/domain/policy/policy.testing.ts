import type { Principal } from "../principal.js";
import { compilePolicy, type Policy } from "./policy.js";
import type { AllowRule, DenyRule, PolicyRule } from "./rule.js";

export const person = (subject: string, ...groups: string[]): Principal => ({
  issuer: "https://login",
  subject,
  name: subject,
  groups,
});

export const alice = person("alice", "engineering");

/** Engineers read every database for an hour with one lead's yes, and say why. */
export const read: AllowRule = {
  effect: "allow",
  name: "engineers read",
  requesters: ["group:engineering"],
  resources: ["db-*"],
  roles: ["readonly"],
  maxDuration: 3600,
  approval: { stages: [{ from: ["group:db-leads"], count: 1 }] },
  reason: "required",
  ticket: "optional",
  pendingFor: 86_400,
  claimWithin: 28_800,
  starts: "first_use",
};

export const allow = (over: Partial<AllowRule>): AllowRule => ({ ...read, ...over });
export const deny = (over: Partial<DenyRule>): DenyRule => ({ effect: "deny", name: "no", resources: ["*"], ...over });

export function policyOf(...rules: PolicyRule[]): Policy {
  return compilePolicy(rules, "0".repeat(64));
}
