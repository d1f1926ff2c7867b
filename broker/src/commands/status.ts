import { printable } from "@phi/shared/text";
import { callBroker } from "../admin/call-broker.js";
import type { StatusReply } from "../admin/contract.js";
import { findBroker } from "../config/admin-socket.js";
import { deliveryTable } from "./deliveries.js";
import { lockWords } from "./locks.js";
import { ago, columns, type OperatorOptions, print } from "./output.js";

/** Says how the broker stands; 1 when something is overdue, lags for a reason, is outdated, undelivered or not known, or the broker is not ready. */
export async function showStatus(options: OperatorOptions): Promise<number> {
  const { socket } = await findBroker(options.config);
  const status = await callBroker(socket, "status", {});
  print(options, status, inWords(status));
  const outdated = status.targets.some((target) => target.outdated !== undefined);
  const behind = status.deliveries.some((delivery) => delivery.behind);
  const isKnown = status.calendars.every(({ isGood }) => isGood);
  const refused = status.lagging.leases.some(({ because }) => because !== undefined);
  const isWell = status.ready && status.overdue.count === 0 && !refused && !outdated && !behind && isKnown;
  return isWell && status.log.conflict === undefined ? 0 : 1;
}

function inWords(status: StatusReply): string[] {
  const { at, overdue, lagging, targets, leases, locks, unreviewed, ledger, log } = status;
  const size = ledger.bytes === undefined ? "" : `, ${(ledger.bytes / 1_048_576).toFixed(1)} MiB`;
  return [
    `phi-broker ${status.version}  ${status.ready ? "ready" : "NOT READY"}`,
    `ledger     ${ledger.events} events${size}`,
    `log        ${log.conflict === undefined ? `${log.signed} of ${ledger.events} events signed` : `NOT SIGNED: ${log.conflict}`}`,
    ...(log.conflict === undefined
      ? []
      : [
          "           Nothing is issued; what is due is revoked. Is this a restored backup? Then:",
          '           phi-broker audit adopt-head --reason "…"',
        ]),
    `leases     ${Object.entries(leases)
      .map(([state, count]) => `${count} ${state}`)
      .join(", ")}`,
    `locks      ${locks.length === 0 ? "none" : locks.length}`,
    ...locks.map((lock) => `           ${lockWords(lock, at)}`),
    `reviews    ${unreviewed.count === 0 ? "none missing" : `${unreviewed.count} missing`}`,
    ...unreviewed.requests.map(
      (one) =>
        `           ${one.request}  ${one.resource}  emergency of ${printable(one.requester)}  ${one.overdue ? "OVERDUE since" : "to be reviewed by"} ${one.reviewBy}`,
    ),
    `overdue    ${overdue.count === 0 ? "none" : overdue.count}`,
    ...overdue.leases.map((lease) =>
      `           ${lease.lease}  ${lease.resource}  ${lease.handle}  since ${lease.overdueSince ?? lease.since ?? "?"}  ${lease.attempts === 1 ? "1 attempt" : `${lease.attempts} attempts`}  ${lease.lastError ?? ""}`.trimEnd(),
    ),
    ...(overdue.count === 0
      ? []
      : [
          "           These may still be used. phi tries for ever. If a target will never be back:",
          '           phi-broker leases abandon LEASE --reason "…"',
        ]),
    `lagging    ${lagging.count === 0 ? "none" : `${lagging.count} extended, and their targets have the old end still`}`,
    ...lagging.leases.map(
      ({ lease, resource, handle, targetEndsAt, expiresAt, because }) =>
        `           ${lease}  ${resource}  ${handle}  can log in until ${targetEndsAt}, and its window is open until ${expiresAt}${because === undefined ? "" : `: ${because}`}`,
    ),
    "",
    ...columns([
      ["TARGET", "ANSWERS", "LIVE", "DUE", "LAST ANSWER", "LAST SWEEP"],
      ...targets.map((target) => [
        target.resource,
        answers(target, at),
        String(target.live),
        String(target.due),
        target.lastAnswer === undefined ? "-" : ago(at, target.lastAnswer),
        target.lastSweep === undefined ? "-" : ago(at, target.lastSweep),
      ]),
    ]),
    ...(status.calendars.length === 0 ? [] : ["", ...calendarTable(status.calendars, at)]),
    ...(status.deliveries.length === 0 ? [] : ["", ...deliveryTable(status.deliveries, at)]),
    ...targets.flatMap((target) =>
      target.outdated === undefined
        ? []
        : [
            "",
            `${target.resource} has seen a newer ledger than this one: ${target.outdated}.`,
            "Nothing is issued there, and nothing this ledger does not know is touched. Is this a restored backup?",
            "  look:  phi-broker reconcile --dry-run --adopt",
            "  then:  phi-broker reconcile --adopt",
          ],
    ),
  ];
}

function calendarTable(calendars: StatusReply["calendars"], at: string): string[] {
  return [
    ...columns([
      ["CALENDAR", "GOOD", "READ", "ON CALL NOW", "FROM"],
      ...calendars.map((one) => [
        one.calendar,
        one.isGood ? "yes" : "NO: nobody is on call",
        one.readAt === undefined ? "never" : ago(at, one.readAt),
        one.onCall.length === 0 ? "nobody" : one.onCall.map((word) => printable(word, 80)).join(", "),
        printable(one.where, 80),
      ]),
    ]),
    ...calendars.flatMap(({ calendar, failure, goodUntil, unknown, unknownCount }) => [
      ...(failure === undefined
        ? []
        : [
            `${calendar} cannot be read: ${printable(failure, 200)}${goodUntil === undefined ? "" : `; its copy holds until ${goodUntil}`}`,
          ]),
      ...(unknownCount === 0
        ? []
        : [
            `${calendar} names ${unknownCount} that phi does not know: ${unknown.map((word) => printable(word, 60)).join(", ")}. Say whom it means under people:`,
          ]),
    ]),
  ];
}

function answers(target: StatusReply["targets"][number], at: string): string {
  if (!target.configured) return "not configured";
  if (target.breaker === "closed") return "yes";
  return `no, since ${target.openSince === undefined ? "?" : ago(at, target.openSince)}`;
}
