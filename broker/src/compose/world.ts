import { createSigningDesk } from "../audit/signing-desk.js";
import { createCalendarSource } from "../calendars/calendar-source.js";
import { createCalendarLoop } from "../expiry/calendar-loop.js";
import { createIdleLoop } from "../expiry/idle-loop.js";
import { createExpiryLoop } from "../expiry/loop.js";
import { createRecordingsKeeper } from "../expiry/recordings-keeper.js";
import { createTargetSweeps } from "../expiry/target-sweeps.js";
import { createIdentity } from "../identity/identity.js";
import { measuredLedger } from "../metrics/measured-ledger.js";
import { createMetrics } from "../metrics/metrics.js";
import { createAssertMayAnswer } from "../operations/answer-rights.js";
import { createDossiers } from "../operations/dossier.js";
import { createEndIdle } from "../operations/end-idle.js";
import { createFindLockTarget } from "../operations/find-lock-target.js";
import { createFindUsableRequest } from "../operations/find-usable-request.js";
import { createFollowWindow } from "../operations/follow-window.js";
import { createKeepCalendars } from "../operations/keep-calendars.js";
import { createKeepRecordings } from "../operations/keep-recordings.js";
import { createKeepTime } from "../operations/keep-time.js";
import { createLiftLock } from "../operations/lift-lock.js";
import { createListResources } from "../operations/list-resources.js";
import { createTermsOfOffer } from "../operations/offer-terms.js";
import { createOpenSession } from "../operations/open-session.js";
import { createQueryAudit } from "../operations/query-audit.js";
import { createReadMetrics } from "../operations/read-metrics.js";
import { createReconcile } from "../operations/reconcile.js";
import { createRevocation } from "../operations/revocation.js";
import { createSetLock } from "../operations/set-lock.js";
import { createStandings } from "../operations/standings.js";
import { createSweepDue } from "../operations/sweep-due.js";
import { wakingLedger } from "../outbox/waking-ledger.js";
import { createCalendarCopies } from "../store/calendar-copies.js";
import { createDelegations } from "../store/delegations.js";
import { brokerTag, createLedger } from "../store/ledger.js";
import { createLedgerOverview } from "../store/ledger-overview.js";
import { createLocks, createPeople } from "../store/locks.js";
import { createLogKeeper } from "../store/log-keeper.js";
import { openStore } from "../store/open.js";
import { openServer } from "../store/open-server.js";
import { createRecordings } from "../store/recordings.js";
import { createSteadyClock } from "../time/steady-clock.js";
import { composeDeliveries } from "./deliveries.js";
import type { Parts } from "./parts.js";
import { composePolicy } from "./policy.js";

const monotonic = () => performance.now();

/** What everything else of the broker is made of: the ledger and its log, the clock, the target lanes, and the loops around them. */
export async function composeWorld(parts: Parts) {
  const { config, clock: wall, log, wrapLedger, wrapRecordings, wrapLogKeeper } = parts;
  const { path, ...server } = config.database;
  const keeper = wrapLogKeeper?.(createLogKeeper()) ?? createLogKeeper();
  const { beforeCommit, afterBatch } = keeper;
  const store =
    path === undefined ? await openServer(server, { wall, log, afterBatch }) : await openStore(path, { beforeCommit });
  const clock = createSteadyClock(store.clock ?? wall, monotonic);
  const { changes } = store;
  const realLedger = createLedger(store, changes);
  const metrics = createMetrics();
  const overview = createLedgerOverview(store);
  const sources = config.calendars.map(createCalendarSource);
  const keepCalendars = createKeepCalendars({ sources, copies: createCalendarCopies(store), clock, log });
  const calendarLoop = createCalendarLoop({ sources, keepCalendars });
  const { exports, telling, deliveries, reminderLoop, addressBook } = composeDeliveries(parts, {
    store,
    clock,
    ledger: realLedger,
    overview,
    calendars: keepCalendars.calendars,
  });
  const identity = createIdentity({
    withAddresses: config.calendars.length > 0,
    issuerUrl: config.issuer.url,
    clientId: config.issuer.clientId,
    groupsClaim: config.issuer.groupsClaim,
    clock,
  });
  const ledger = wakingLedger(
    measuredLedger(wrapLedger?.(realLedger) ?? realLedger, metrics, monotonic),
    deliveries.wake,
  );
  const { catalogue, reloadPolicy } = composePolicy(parts, { ledger, clock, calendars: keepCalendars.calendars });
  const locks = createLocks(store);
  const delegations = createDelegations(store);
  const stopping = new AbortController();
  const leaving = new AbortController();
  const revocation = createRevocation({
    ledger,
    catalogue,
    clock,
    random: Math.random,
    measures: metrics,
    log,
    stopping: stopping.signal,
  });
  const { lanes, revokeLeases } = revocation;
  const followWindow = createFollowWindow({ ledger, catalogue, clock, random: Math.random, stopping: stopping.signal });
  const sweepDue = createSweepDue({
    ledger,
    delegations,
    clock,
    lanes,
    followWindow,
    resources: [...config.resources.keys()],
  });
  const endIdle = createEndIdle({ ledger, catalogue, lanes, revokeLeases, clock, log, stopping: stopping.signal });
  const idleLoop = createIdleLoop({ endIdle, clock, log });
  const keepTime = createKeepTime({ clock, catalogue, ledger, log });
  const loop = createExpiryLoop({ sweepDue, keepTime, ledger, clock, log });
  const tag = await store.patiently(() => brokerTag(store, clock.now()));
  const desk = createSigningDesk(config.audit.keyFile, log);
  const tree = await store.patiently(() => keeper.open({ store, desk, brokerTag: tag, clock, log }));
  const standings = createStandings();
  const reconcile = createReconcile({ ledger, overview, catalogue, clock, standings, brokerTag: tag });
  const sweeps = createTargetSweeps({
    resources: catalogue.resources,
    reconcile,
    random: Math.random,
    now: () => clock.now(),
    log,
  });
  const isReady = async () => clock.now() - loop.lastPass() < 10_000;
  const readMetrics = createReadMetrics({
    overview,
    catalogue,
    clock,
    lanes,
    reportDeliveries: deliveries.reportDeliveries,
    reportCalendars: keepCalendars.report,
  });
  const renderMetrics = async () => metrics.render(await readMetrics());
  const dossiers = createDossiers({ ledger, delegations, clock, calendars: catalogue.calendars });
  const findUsableRequest = createFindUsableRequest({ ledger, dossiers, clock });
  const queryAudit = createQueryAudit({ ledger, overview });
  const realRecordings = createRecordings(store);
  const recordings = wrapRecordings?.(realRecordings) ?? realRecordings;
  const openSession = createOpenSession({ ledger, recordings, clock });
  const recordingsKeeper = createRecordingsKeeper({
    keepRecordings: createKeepRecordings({
      ledger,
      recordings,
      revokeLeases,
      clock,
      keepFor: config.recordings.keepFor * 1_000,
    }),
    log,
  });
  const listResources = createListResources({ catalogue, clock });
  const people = createPeople(store);
  const findLockTarget = createFindLockTarget({ people, catalogue, issuer: config.issuer.url });
  const locking = {
    setLock: createSetLock({ ledger, locks, clock, changes, findLockTarget, revokeLeases }),
    liftLock: createLiftLock({ ledger, locks, clock }),
  };
  const assertMayAnswer = createAssertMayAnswer({ ledger, catalogue, clock });
  const termsOfOffer = createTermsOfOffer({ ledger, catalogue, clock });
  return {
    keeper,
    store,
    clock,
    overview,
    identity,
    ledger,
    locks,
    delegations,
    stopping,
    leaving,
    sweepDue,
    keepTime,
    loop,
    idleLoop,
    keepCalendars,
    calendarLoop,
    tag,
    tree,
    standings,
    reconcile,
    sweeps,
    isReady,
    renderMetrics,
    dossiers,
    findUsableRequest,
    queryAudit,
    recordings,
    openSession,
    recordingsKeeper,
    listResources,
    people,
    locking,
    assertMayAnswer,
    termsOfOffer,
    changes,
    exports,
    telling,
    deliveries,
    reminderLoop,
    addressBook,
    catalogue,
    reloadPolicy,
    lanes,
    revokeLeases,
    followWindow,
  };
}

export type World = Awaited<ReturnType<typeof composeWorld>>;
