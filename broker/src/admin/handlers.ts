import type { LockList, LockReply, LockView } from "@phi/shared/contract/lock";
import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { printable } from "@phi/shared/text";
import { type Instant, toRfc3339 } from "@phi/shared/time";
import type * as z from "zod";
import type { Lease } from "../domain/lease.js";
import { lockView } from "../domain/lock.js";
import type { createAbandonLease } from "../operations/abandon-lease.js";
import type { createAdoptLog } from "../operations/adopt-log.js";
import type { createEraseTexts } from "../operations/erase-texts.js";
import type { KeepCalendars } from "../operations/keep-calendars.js";
import type { createLiftLock } from "../operations/lift-lock.js";
import type { ReconcileAll } from "../operations/reconcile-all.js";
import type { createListDeadLetters, DeliveryStatus, ReportDeliveries } from "../operations/report-deliveries.js";
import type { createReportStatus } from "../operations/report-status.js";
import type { createRotateLogKey } from "../operations/rotate-log-key.js";
import type { createSetLock } from "../operations/set-lock.js";
import type { createRetryDelivery, createSkipDelivery } from "../operations/steer-delivery.js";
import type { createTryChannel } from "../operations/try-channel.js";
import type { AuditTree } from "../ports/audit-tree.js";
import type { Clock } from "../ports/clock.js";
import type { Ledger } from "../ports/ledger.js";
import type { LedgerOverview } from "../ports/ledger-overview.js";
import type { Locks } from "../ports/locks.js";
import type {
  AbandonReply,
  AdminCall,
  adminCalls,
  DeliveryLine,
  LeaseLine,
  LeasesReply,
  ReconcileReply,
  ReplyOf,
  StatusReply,
} from "./contract.js";
import { pastRequests } from "./past-requests.js";

type ParsedOrder<Call extends AdminCall> = z.output<(typeof adminCalls)[Call]["order"]>;

interface Needs {
  readonly version: string;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly overview: LedgerOverview;
  readonly locks: Locks;
  readonly setLock: ReturnType<typeof createSetLock>;
  readonly liftLock: ReturnType<typeof createLiftLock>;
  readonly isReady: () => Promise<boolean>;
  readonly reportStatus: ReturnType<typeof createReportStatus>;
  readonly abandonLease: ReturnType<typeof createAbandonLease>;
  readonly reconcileAll: ReconcileAll;
  readonly reportDeliveries: ReportDeliveries;
  readonly reportCalendars: KeepCalendars["report"];
  readonly listDeadLetters: ReturnType<typeof createListDeadLetters>;
  readonly retryDelivery: ReturnType<typeof createRetryDelivery>;
  readonly skipDelivery: ReturnType<typeof createSkipDelivery>;
  readonly tree: Pick<AuditTree, "key" | "conflict">;
  readonly rotateLogKey: ReturnType<typeof createRotateLogKey>;
  readonly adoptLog: ReturnType<typeof createAdoptLog>;
  readonly eraseTexts: ReturnType<typeof createEraseTexts>;
  readonly tryChannel: ReturnType<typeof createTryChannel>;
}

/** One handler per call: order → operation → reply. */
export function createAdminHandlers(needs: Needs): {
  readonly [Call in AdminCall]: (order: ParsedOrder<Call>) => Promise<ReplyOf<Call>>;
} {
  const {
    version,
    clock,
    ledger,
    overview,
    locks,
    setLock,
    liftLock,
    isReady,
    reportStatus,
    abandonLease,
    reconcileAll,
    reportDeliveries,
    reportCalendars,
    listDeadLetters,
    retryDelivery,
    skipDelivery,
    tree,
    rotateLogKey,
    adoptLog,
    eraseTexts,
    tryChannel,
  } = needs;
  return {
    async status(): Promise<StatusReply> {
      const status = await reportStatus();
      return {
        ready: await isReady(),
        version,
        at: toRfc3339(status.now),
        overdue: { count: status.overdueCount, leases: status.overdue.map(leaseLine) },
        lagging: {
          count: status.lagging.count,
          leases: status.lagging.leases.map(({ lease, because }) => ({
            lease: lease.id,
            resource: lease.resource,
            handle: lease.handleText,
            targetEndsAt: toRfc3339(lease.targetExpiresAt ?? lease.expiresAt),
            expiresAt: toRfc3339(lease.expiresAt),
            ...(because === undefined ? {} : { because }),
          })),
        },
        leases: { ...status.leases },
        targets: status.targets.map((target) => ({
          resource: target.resource,
          configured: target.configured,
          breaker: target.breaker,
          live: target.live,
          due: target.due,
          ...instant("openSince", target.openSince),
          ...instant("probeAt", target.probeAt),
          ...instant("lastAnswer", target.lastAnswer),
          ...instant("lastSweep", target.lastSweep),
          ...(target.outdated === undefined ? {} : { outdated: target.outdated.because }),
        })),
        calendars: reportCalendars().map(
          ({ name: calendar, readAt, goodUntil, failure, onCall, unknown, ...rest }) => ({
            ...{ calendar, ...rest, onCall: [...onCall], unknown: [...unknown] },
            ...instant("readAt", readAt),
            ...instant("goodUntil", goodUntil),
            ...(failure === undefined ? {} : { failure }),
          }),
        ),
        deliveries: (await reportDeliveries()).map(deliveryLine),
        unreviewed: {
          count: status.unreviewed.count,
          requests: status.unreviewed.requests.flatMap(({ id, requester, resource, emergency }) =>
            emergency === undefined
              ? []
              : [
                  {
                    request: id,
                    requester: requester.name,
                    resource,
                    reviewBy: toRfc3339(emergency.reviewBy),
                    overdue: status.now >= emergency.reviewBy,
                  },
                ],
          ),
        },
        locks: (await locks.inForce()).map(lockView),
        ledger: {
          events: status.ledger.events,
          ...(status.ledger.bytes === undefined ? {} : { bytes: status.ledger.bytes }),
        },
        log: {
          signed: status.log.signed,
          ...(status.log.key === undefined ? {} : { key: status.log.key }),
          ...(status.log.conflict === undefined ? {} : { conflict: status.log.conflict }),
        },
      };
    },

    async leases(order): Promise<LeasesReply> {
      return { leases: (await overview.leases(order)).map(leaseLine) };
    },

    past_requests: (order) => pastRequests(ledger, order),

    async abandon({ lease, reason, operator }): Promise<AbandonReply> {
      const { lastError, ...left } = await abandonLease(lease, printable(reason, 500), printable(operator, 100));
      return { ...left, ...(lastError === undefined ? {} : { lastError }) };
    },

    async lock({ reason, operator, ...typed }): Promise<LockReply> {
      const { lock, ended } = await setLock(typed, reason, { operator: printable(operator, 100) });
      return { ...lockView(lock), ended };
    },

    async unlock({ reason, operator, ...typed }): Promise<LockView> {
      return lockView(await liftLock(typed, reason, { operator: printable(operator, 100) }));
    },

    async locks(): Promise<LockList> {
      return { locks: (await locks.inForce()).map(lockView) };
    },

    async reconcile({ dryRun, adopt, operator }): Promise<ReconcileReply> {
      const reports = await reconcileAll({ dryRun, adopt, operator: printable(operator, 100) });
      return {
        targets: reports.map(({ because, unknown, lost, abandoned, ...report }) => ({
          ...report,
          unknown: { ...unknown, handles: [...unknown.handles] },
          lost: { ...lost, handles: [...lost.handles] },
          abandoned: { ...abandoned, handles: [...abandoned.handles] },
          ...(because === undefined ? {} : { because }),
        })),
      };
    },

    async notify_test({ channel, to, operator }) {
      const because = await tryChannel(channel, to, printable(operator, 100));
      return because === undefined ? { taken: true } : { taken: false, because };
    },

    async deliveries({ destination }) {
      const [deliveries, deadLetters] = await Promise.all([reportDeliveries(), listDeadLetters(destination)]);
      const meant = deliveries.filter((one) => destination === undefined || one.destination === destination);
      return {
        deliveries: meant.map(deliveryLine),
        deadLetters: deadLetters.map((letter) => ({ ...letter, at: toRfc3339(letter.at) })),
      };
    },

    async delivery_retry({ destination, seq }) {
      return { deadLetters: await retryDelivery(destination, seq) };
    },

    async delivery_skip({ destination, seq, operator }) {
      await skipDelivery(destination, seq, printable(operator, 100));
      return { skipped: true };
    },
    async log_key() {
      const key = tree.key();
      if (key === undefined)
        throw new PhiError("wrong_state", `The audit log has no key here: ${tree.conflict() ?? "it is not open"}.`);
      return { key };
    },

    rotate_log_key: ({ operator }) => rotateLogKey(printable(operator, 100)),
    adopt_log: ({ reason, operator }) => adoptLog(printable(reason, 500), printable(operator, 100)),
    erase_texts: ({ what, reason, operator }) => eraseTexts(what, printable(reason, 500), printable(operator, 100)),

    async backed_up({ file, bytes, events, operator }) {
      await ledger.record({
        id: newId("event"),
        at: clock.now(),
        kind: "ledger.backed_up",
        data: { file: printable(file, 1_000), bytes, events, operator: printable(operator, 100) },
      });
      // Targets are shown the event just written, which the copy lacks: so each of them knows the copy for an older ledger.
      await reconcileAll({ dryRun: false, adopt: false });
      return { recorded: true };
    },
  };
}

function leaseLine(lease: Lease): LeaseLine {
  const tried = "attempts" in lease ? lease : undefined;
  return {
    lease: lease.id,
    resource: lease.resource,
    handle: lease.handleText,
    state: lease.state,
    ...(lease.requestId === undefined ? {} : { request: lease.requestId }),
    ...(tried === undefined ? {} : { because: tried.because }),
    expiresAt: toRfc3339(lease.expiresAt),
    ...(lease.state === "revoking" ? instant("since", lease.revokingSince) : {}),
    ...instant("overdueSince", tried?.overdueSince),
    ...(lease.state === "revoking" ? instant("nextAttempt", lease.nextAttempt) : {}),
    attempts: tried?.attempts ?? 0,
    ...(tried?.lastError === undefined ? {} : { lastError: tried.lastError }),
  };
}

function deliveryLine(delivery: DeliveryStatus): DeliveryLine {
  const { destination, kind, position, waiting, attempts, deadLetters, lastError, nextAttempt } = delivery;
  return {
    destination,
    ...(kind === undefined ? {} : { kind }),
    position,
    waiting,
    ...instant("waitingSince", delivery.waitingSince),
    behind: delivery.isBehind,
    ...instant("failingSince", delivery.failingSince),
    attempts,
    ...(nextAttempt === 0 ? {} : instant("nextAttempt", nextAttempt)),
    ...(lastError === undefined ? {} : { lastError }),
    deadLetters,
  };
}

function instant<Key extends string>(key: Key, at: Instant | undefined): { [K in Key]?: string } {
  return at === undefined ? {} : ({ [key]: toRfc3339(at) } as { [K in Key]?: string });
}
