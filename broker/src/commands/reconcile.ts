import { callBroker } from "../admin/call-broker.js";
import type { ReconcileReply } from "../admin/contract.js";
import { findBroker } from "../config/admin-socket.js";
import { type OperatorOptions, operator, print } from "./output.js";

/** Compares every target with the ledger and mends it; 1 when a target did not answer or is outdated still. */
export async function reconcile(
  options: OperatorOptions & { readonly dryRun?: boolean; readonly adopt?: boolean },
): Promise<number> {
  const { socket } = await findBroker(options.config);
  const order = { dryRun: options.dryRun === true, adopt: options.adopt === true, operator: operator() };
  const reply = await callBroker(socket, "reconcile", order);
  print(options, reply, reply.targets.flatMap(inWords));
  return reply.targets.some(({ outcome }) => outcome === "unreachable" || outcome === "outdated") ? 1 : 0;
}

type Target = ReconcileReply["targets"][number];

function inWords(target: Target): string[] {
  return [
    `${target.resource}: ${verdict(target)}`,
    ...named("unknown", target.unknown),
    ...named("lost", target.lost),
    ...named("abandoned", target.abandoned),
  ];
}

function verdict({ outcome, because = "", unknown, lost, abandoned }: Target): string {
  const differences = `${unknown.count} unknown to the ledger, ${lost.count} gone from the target`;
  switch (outcome) {
    case "matches":
      return abandoned.count === 0
        ? "the target and the ledger agree"
        : `the target and the ledger agree, but for ${abandoned.count} abandoned and still there: remove by hand`;
    case "mended":
      return `${differences}: being revoked now`;
    case "would_mend":
      return `${differences}: would be revoked`;
    case "outdated":
      return `the target has seen a newer ledger than this one: ${because}. ${differences}; nothing was touched. To go on with this ledger: phi-broker reconcile --adopt`;
    case "unreachable":
      return `not compared: ${because}`;
  }
}

function named(what: string, { count, handles }: Target["unknown"]): string[] {
  const more = count - handles.length;
  return [...handles.map((handle) => `  ${what}  ${handle}`), ...(more > 0 ? [`  ${what}  and ${more} more`] : [])];
}
