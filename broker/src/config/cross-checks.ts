import { couldBeApproved } from "../domain/policy/approvable.js";
import { everyApprover, matchesResource } from "../domain/policy/rule.js";
import { isOpenEnded } from "../domain/principal.js";
import { didYouMean } from "./explain-issue.js";
import { stagesOf } from "./policy-rules.js";
import type { WrittenPolicy } from "./policy-schema.js";
import type { Problem } from "./problems.js";

/** Names that are in the file, whether or not the rest of what they name is right. */
export interface Named {
  /** Role names by resource name. */
  readonly resources: ReadonlyMap<string, readonly string[]>;
  /** By place in the file, each with those of its fields that could be read. */
  readonly policies: readonly Partial<WrittenPolicy>[];
}

/** What no single field can tell: that policies name what there is, and can be satisfied. */
export function crossCheck(named: Named): Problem[] {
  return named.policies.flatMap((policy, index) => [
    ...uniqueName(policy, index, named),
    ...knownResources(policy, index, named),
    ...enoughApprovers(policy, index),
  ]);
}

function uniqueName(policy: Partial<WrittenPolicy>, index: number, { policies }: Named): Problem[] {
  if (policy.name === undefined) return [];
  const first = policies.findIndex((other) => other.name === policy.name);
  return first === index
    ? []
    : [
        {
          path: ["policies", index, "name"],
          message: `is the name of policies[${first}] too; names of policies are unique`,
        },
      ];
}

function knownResources(policy: Partial<WrittenPolicy>, index: number, { resources }: Named): Problem[] {
  const names = [...resources.keys()];
  const patterns = (policy.resources ?? []).map((pattern, place) => {
    const meant = names.filter((name) => matchesResource(pattern, name));
    return {
      pattern,
      path: ["policies", index, "resources", place],
      meant,
      roles: meant.flatMap((name) => resources.get(name) ?? []),
    };
  });
  const unknown = patterns.filter(({ meant }) => meant.length === 0);
  if (unknown.length > 0) {
    return unknown.map(({ pattern, path }) => ({
      path,
      message: pattern.endsWith("*")
        ? "stands for no resource of this file"
        : `is not a resource of this file${didYouMean(pattern, names)}`,
    }));
  }

  // Roles are judged only when it is known which resources are meant.
  const offered = [...new Set(patterns.flatMap(({ roles }) => roles))];
  const asked = policy.roles ?? [];
  if (offered.length === 0 || asked.length === 0) return [];
  const strange = asked.flatMap((role, place) => (offered.includes(role) ? [] : [{ role, place }]));
  if (strange.length > 0) {
    return strange.map(({ role, place }) => ({
      path: ["policies", index, "roles", place],
      message: `is not a role of these resources; they have ${offered.join(", ")}${didYouMean(role, offered)}`,
    }));
  }
  return patterns
    .filter(({ roles }) => roles.length > 0 && !roles.some((role) => asked.includes(role)))
    .map(({ path, roles }) => ({
      path,
      message: `has none of the roles of this policy; it has ${[...new Set(roles)].join(", ")}`,
    }));
}

/** A group may hold anybody; a list of people has an end. */
function enoughApprovers({ approval }: Partial<WrittenPolicy>, index: number): Problem[] {
  if (approval === undefined || (approval.from === undefined && approval.stages === undefined)) return [];
  const stages = stagesOf(approval);
  if (couldBeApproved(stages, undefined)) return [];
  const people = everyApprover(stages.filter((stage) => !stage.from.some(isOpenEnded))).length;
  const named = people === 1 ? "only 1 person is named" : `only ${people} people are named`;
  const field = approval.stages === undefined ? "count" : "stages";
  return [{ path: ["policies", index, "approval", field], message: `can never be reached: ${named}` }];
}
