import { PhiError } from "@phi/shared/errors";
import { callBroker } from "../admin/call-broker.js";
import { leasesOrder } from "../admin/contract.js";
import { findBroker } from "../config/admin-socket.js";
import { columns, type OperatorOptions, operator, print } from "./output.js";

/** Lists leases, newest first; without a state those that have not ended. */
export async function listLeases(options: OperatorOptions & { readonly state?: string }): Promise<void> {
  const order = leasesOrder.safeParse({ state: options.state });
  if (!order.success) {
    throw new PhiError("usage", `${options.state} is no state of a lease.`, {
      hint: "issuing, active, revoking, revoked or abandoned",
    });
  }
  const { socket } = await findBroker(options.config);
  const reply = await callBroker(socket, "leases", order.data);
  const rows = reply.leases.map((lease) => [
    lease.lease,
    lease.state,
    lease.resource,
    lease.handle,
    lease.request ?? "-",
    lease.since ?? lease.expiresAt,
    String(lease.attempts),
    lease.lastError ?? "",
  ]);
  const head = ["LEASE", "STATE", "RESOURCE", "HANDLE", "REQUEST", "END", "TRIED", "LAST ERROR"];
  print(options, reply, rows.length === 0 ? ["No leases."] : columns([head, ...rows]));
}

/** Stops trying to revoke, and says what stays behind. */
export async function abandonLease(
  lease: string,
  options: OperatorOptions & { readonly reason: string },
): Promise<void> {
  const { socket } = await findBroker(options.config);
  const left = await callBroker(socket, "abandon", { lease, reason: options.reason, operator: operator() });
  print(options, left, [
    `${left.lease} is abandoned: phi tries no more to revoke it.`,
    `LEFT BEHIND on ${left.resource}: ${left.handle}, with whatever sessions it has. Remove it there by hand.`,
    ...(left.lastError === undefined ? [] : [`The last attempt said: ${left.lastError}`]),
  ]);
}
