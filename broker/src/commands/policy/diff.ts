import { loadPolicy, type PolicyFile } from "../../config/load-policy.js";
import { comparePolicies, type Difference } from "../../domain/policy/compare.js";
import { print } from "../output.js";

/** Says who gains or loses what between two configurations; as diff(1), 1 when anything differs. Asks no broker. */
export async function diffPolicies(
  oldFile: string,
  newFile: string,
  options: { readonly json?: boolean },
): Promise<number> {
  const [before, after] = await Promise.all([loadPolicy(oldFile), loadPolicy(newFile)]);
  const differences = comparePolicies(before.policy, after.policy, placesOf(before, after));
  print(
    options,
    { from: before.policy.hash, to: after.policy.hash, differences },
    differences.length === 0 ? ["Nobody gains or loses anything."] : differences.flatMap(inWords),
  );
  return differences.length === 0 ? 0 : 1;
}

/** Every role of every resource of either file. */
function placesOf(...files: readonly PolicyFile[]): { resource: string; role: string }[] {
  const roles = new Map<string, Set<string>>();
  for (const [resource, names] of files.flatMap((file) => [...file.resources]))
    roles.set(resource, new Set([...(roles.get(resource) ?? []), ...names]));
  return [...roles].flatMap(([resource, names]) => [...names].map((role) => ({ resource, role })));
}

function inWords({ who, resource, role, before, after }: Difference): string[] {
  const head = `${who}  ${role} on ${resource}`;
  if (before.length === 0) return [`+ ${head}`, ...after.map((terms) => `    gains  ${terms}`)];
  if (after.length === 0) return [`- ${head}`, ...before.map((terms) => `    loses  ${terms}`)];
  return [
    `~ ${head}`,
    ...before.filter((terms) => !after.includes(terms)).map((terms) => `    was    ${terms}`),
    ...after.filter((terms) => !before.includes(terms)).map((terms) => `    now    ${terms}`),
  ];
}
