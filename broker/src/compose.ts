import { newId } from "@phi/shared/ids";
import { createAdminHandlers } from "./admin/handlers.js";
import { serveSocket } from "./admin/serve-socket.js";
import { createSigningDesk } from "./audit/signing-desk.js";
import type { Config } from "./config/config.js";
import { createChannel } from "./destinations/channels.js";
import { createDestination } from "./destinations/destinations.js";
import { compilePolicy } from "./domain/policy/policy.js";
import { createExpiryLoop } from "./expiry/loop.js";
import { createRecordingsKeeper } from "./expiry/recordings-keeper.js";
import { createTargetSweeps } from "./expiry/target-sweeps.js";
import { type Broker, createApp } from "./http/app.js";
import { listen } from "./http/listen.js";
import { createIdentity } from "./identity/identity.js";
import { measuredLedger } from "./metrics/measured-ledger.js";
import { createMetrics } from "./metrics/metrics.js";
import { createAbandonLease } from "./operations/abandon-lease.js";
import { createAcceptOffer } from "./operations/accept-offer.js";
import { createAdoptLog } from "./operations/adopt-log.js";
import { createAssertMayAnswer } from "./operations/answer-rights.js";
import { createAskInEmergency } from "./operations/ask-in-emergency.js";
import { createAuthenticate } from "./operations/authenticate.js";
import { createCloseRequest } from "./operations/close-request.js";
import { createCreateRequest } from "./operations/create-request.js";
import { createDecideRequest } from "./operations/decide-request.js";
import { createDelegating } from "./operations/delegate.js";
import { createDossiers } from "./operations/dossier.js";
import { createDropLostRequests } from "./operations/drop-lost-requests.js";
import { createEndLease } from "./operations/end-lease.js";
import { createEraseTexts } from "./operations/erase-texts.js";
import { createExplainDecision } from "./operations/explain-decision.js";
import { createExportAudit } from "./operations/export-audit.js";
import { createFindLockTarget } from "./operations/find-lock-target.js";
import { createFindUsableRequest } from "./operations/find-usable-request.js";
import { createIssueLease } from "./operations/issue-lease.js";
import { keepingAddresses } from "./operations/keep-addresses.js";
import { createKeepLease } from "./operations/keep-lease.js";
import { createKeepRecordings } from "./operations/keep-recordings.js";
import { createKeepTime } from "./operations/keep-time.js";
import { createLiftLock } from "./operations/lift-lock.js";
import { createListLocks } from "./operations/list-locks.js";
import { createListRequests } from "./operations/list-requests.js";
import { createListResources } from "./operations/list-resources.js";
import { createListRotations } from "./operations/list-rotations.js";
import { createListSessions } from "./operations/list-sessions.js";
import { createMakeOffer } from "./operations/make-offer.js";
import { createTermsOfOffer } from "./operations/offer-terms.js";
import { createOpenSession } from "./operations/open-session.js";
import { createOpenTarget } from "./operations/open-target.js";
import { createProveConsistency } from "./operations/prove-consistency.js";
import { createProveEvent } from "./operations/prove-event.js";
import { createQueryAudit } from "./operations/query-audit.js";
import { createReadAuditOn } from "./operations/read-audit-on.js";
import { createReadMetrics } from "./operations/read-metrics.js";
import { createReadRecording } from "./operations/read-recording.js";
import { createReconcile } from "./operations/reconcile.js";
import { createReconcileAll } from "./operations/reconcile-all.js";
import { createRecordSession } from "./operations/record-session.js";
import { createReloadPolicy, type ReloadPolicy } from "./operations/reload-policy.js";
import { createReportAccess } from "./operations/report-access.js";
import { createReportStatus } from "./operations/report-status.js";
import { createReviewEmergency } from "./operations/review-emergency.js";
import { createRevocation } from "./operations/revocation.js";
import { createRotateLogKey } from "./operations/rotate-log-key.js";
import { createSetLock } from "./operations/set-lock.js";
import { createSignIn } from "./operations/sign-in.js";
import { createSignOut } from "./operations/sign-out.js";
import { createStandings } from "./operations/standings.js";
import { createSweepDue } from "./operations/sweep-due.js";
import { createDeliveries } from "./outbox/deliveries.js";
import { createTelling } from "./outbox/telling.js";
import { wakingLedger } from "./outbox/waking-ledger.js";
import type { Catalogue } from "./ports/catalogue.js";
import type { Clock } from "./ports/clock.js";
import type { Ledger } from "./ports/ledger.js";
import type { Log } from "./ports/log.js";
import type { Provider } from "./ports/provider.js";
import { createAddressBook } from "./store/address-book.js";
import { createAuditExports } from "./store/audit-export.js";
import { createDelegations } from "./store/delegations.js";
import { brokerTag, createLedger } from "./store/ledger.js";
import { createLedgerOverview } from "./store/ledger-overview.js";
import { createLocks, createPeople } from "./store/locks.js";
import { createLogKeeper } from "./store/log-keeper.js";
import { openStore } from "./store/open.js";
import { openServer } from "./store/open-server.js";
import { createOutbox } from "./store/outbox.js";
import { createRecordings } from "./store/recordings.js";
import { createReminders } from "./store/reminders.js";
import { createRequestRecords } from "./store/request-records.js";
import { createSteadyClock } from "./time/steady-clock.js";

const monotonic = () => performance.now();
/** What was due while the broker was down is worked on this long, in ms, before it serves; a dead target delays no start further. */
const CATCH_UP_WITHIN = 10_000;
/** What is under way on targets when the broker is told to stop may take this long, in ms; then it is cut off, and the stop is still put on record. */
const FINISH_WITHIN = 8_000;

export interface RunningBroker {
  /** Where it listens, e.g. `http://127.0.0.1:7420`. */
  readonly url: string;
  /** Takes over the policies of the configuration as it stands now. */
  readonly reloadPolicy: ReloadPolicy;
  /** Files that the audit log is delivered to were moved away: the next event goes into new ones. */
  readonly reopenFiles: () => void;
  stop(): Promise<void>;
}

export interface Parts {
  readonly config: Config;
  /** Reads the configuration again, for its policies; without it they stay as they are. */
  readonly loadAgain?: () => Promise<Config>;
  readonly version: string;
  readonly providers: Readonly<Record<string, Provider>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Stands between the operations and their ledger; for proofs that need to fail there. */
  readonly wrapLedger?: (ledger: Ledger) => Ledger;
}

/**
 * The whole broker from its parts: opens the ledger, revokes what was due while nobody was there, then serves.
 *
 * @throws PhiError `already_running`, `store_unavailable`, `config_invalid`
 */
export async function startBroker({
  config,
  loadAgain = async () => config,
  version,
  providers,
  clock: wall,
  log,
  wrapLedger,
}: Parts): Promise<RunningBroker> {
  const { path, ...server } = config.database;
  const keeper = createLogKeeper();
  const { beforeCommit, afterBatch } = keeper;
  const store =
    path === undefined ? await openServer(server, { wall, log, afterBatch }) : await openStore(path, { beforeCommit });
  const clock = createSteadyClock(store.clock ?? wall, monotonic);
  const { changes } = store;
  const realLedger = createLedger(store, changes);
  const metrics = createMetrics();
  const overview = createLedgerOverview(store);
  const { host, port } = config.listen;
  const exports = createAuditExports(store, { url: config.publicUrl ?? `http://${host}:${port}`, version });
  const addressBook = createAddressBook(store);
  const telling = createTelling({
    ...config.notify,
    channels: Object.entries(config.notify.channels).map(([name, order]) => createChannel(name, order, clock)),
    remindAfter: config.notify.remindAfter,
    escalate: config.notify.escalate,
    admins: config.admins,
    broker: config.publicUrl,
    ledger: realLedger,
    addressBook,
    reminders: createReminders(store),
    clock,
    log,
  });
  const deliveries = createDeliveries({
    destinations: [
      ...config.audit.deliver.map((order) => createDestination(order, { stdout: process.stdout, clock, exports })),
      ...telling.destinations,
    ],
    outbox: createOutbox(store),
    ledger: realLedger,
    overview,
    shared: store.shared,
    clock,
    random: Math.random,
    log,
  });
  const reminderLoop = telling.reminderLoop(deliveries.wake);
  const identity = createIdentity({
    issuerUrl: config.issuer.url,
    clientId: config.issuer.clientId,
    groupsClaim: config.issuer.groupsClaim,
    clock,
  });
  const ledger = wakingLedger(
    measuredLedger(wrapLedger?.(realLedger) ?? realLedger, metrics, monotonic),
    deliveries.wake,
  );
  let policy = compilePolicy(config.policies, config.policyHash);
  const catalogue: Catalogue = {
    policy: () => policy,
    resources: [...config.resources.values()],
    resource: (name) => config.resources.get(name),
    provider: (kind) => (Object.hasOwn(providers, kind) ? providers[kind] : undefined),
  };
  const reloadPolicy = createReloadPolicy({
    load: async () => {
      const read = await loadAgain();
      return { policy: compilePolicy(read.policies, read.policyHash), needsRestart: read.restHash !== config.restHash };
    },
    current: () => policy,
    replace: (next) => {
      policy = next;
    },
    ledger,
    clock,
    log,
  });
  const locks = createLocks(store);
  const delegations = createDelegations(store);
  const stopping = new AbortController();
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
  const sweepDue = createSweepDue({ ledger, delegations, clock, lanes, resources: [...config.resources.keys()] });
  const keepTime = createKeepTime({ clock, catalogue, ledger, log });
  const loop = createExpiryLoop({ sweepDue, keepTime, ledger, clock, log });
  const tag = await brokerTag(store, clock.now());
  const desk = createSigningDesk(config.audit.keyFile, log);
  const tree = await keeper.open({ store, desk, brokerTag: tag, clock, log });
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
  });
  const renderMetrics = async () => metrics.render(await readMetrics());
  const dossiers = createDossiers({ ledger, delegations, clock });
  const findUsableRequest = createFindUsableRequest({ ledger, dossiers, clock });
  const queryAudit = createQueryAudit({ ledger, overview });
  const recordings = createRecordings(store);
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
  const broker: Broker = {
    discovery: {
      name: "phi",
      version,
      issuer: { url: config.issuer.url, clientId: config.issuer.clientId, scopes: config.issuer.scopes },
    },
    tree,
    proveEvent: createProveEvent({ ledger, tree }),
    proveConsistency: createProveConsistency({ tree }),
    listRotations: createListRotations({ ledger, tree }),
    clock,
    changes,
    log,
    dossiers,
    authenticate: createAuthenticate({ ledger, locks, clock, admins: config.admins, auditors: config.auditors }),
    signIn: createSignIn({
      ledger,
      identity: telling.needsAddresses ? keepingAddresses(identity, { addressBook, clock }) : identity,
      locks,
      clock,
      maxAge: config.signIn.maxAge,
      dropLostRequests:
        config.signIn.onGroupLoss === "keep"
          ? undefined
          : createDropLostRequests({ ledger, catalogue, clock, revokeLeases }),
    }),
    signOut: createSignOut({ ledger, clock }),
    listResources,
    listLocks: createListLocks({ locks, listResources }),
    delegating: createDelegating({ ledger, delegations, people, catalogue, locks, clock }),
    ...locking,
    explainDecision: createExplainDecision({ ledger, catalogue, locks, clock }),
    createRequest: createCreateRequest({ ledger, catalogue, locks, clock }),
    askInEmergency: createAskInEmergency({ ledger, catalogue, locks, clock }),
    reviewEmergency: createReviewEmergency({ ledger, dossiers, locks, clock }),
    listRequests: createListRequests({ ledger, dossiers, delegations, clock }),
    decideRequest: createDecideRequest({
      ledger,
      dossiers,
      locks,
      clock,
      assertMayAnswer,
      policyHash: () => policy.hash,
    }),
    makeOffer: createMakeOffer({ ledger, dossiers, locks, clock, assertMayAnswer, termsOfOffer }),
    acceptOffer: createAcceptOffer({ ledger, dossiers, locks, clock, termsOfOffer }),
    closeRequest: createCloseRequest({ ledger, dossiers, clock, revokeLeases }),
    issueLease: createIssueLease({
      ledger,
      clock,
      openTarget: createOpenTarget({ ledger, catalogue, clock, standings, tree }),
      brokerTag: tag,
      findUsableRequest,
      revokeLeases,
      locks,
    }),
    keepLease: createKeepLease({ ledger, clock }),
    endLease: createEndLease({ ledger, clock, changes, revokeLeases }),
    queryAudit,
    exportAudit: createExportAudit({ ledger, clock, exports, tree }),
    reportAccess: createReportAccess({ records: createRequestRecords(store.read), clock }),
    readAuditOn: createReadAuditOn({ queryAudit, overview }),
    recordSession: createRecordSession({
      ledger,
      recordings,
      openSession,
      changes,
      clock,
      mostBytes: config.recordings.mostMegabytes * 1024 * 1024,
    }),
    readRecording: createReadRecording({ ledger, recordings, openSession, clock }),
    listSessions: createListSessions({ recordings }),
    isReady,
    ...(config.metrics ? { metrics: renderMetrics } : {}),
  };
  const admin = {
    ...createAdminHandlers({
      version,
      clock,
      ledger,
      overview,
      locks,
      ...locking,
      isReady,
      reportStatus: createReportStatus({
        overview,
        catalogue,
        clock,
        lanes,
        standings,
        tree,
        lastSweep: (resource) => sweeps.lastSweep(resource),
      }),
      abandonLease: createAbandonLease({ ledger, clock }),
      reconcileAll: createReconcileAll({ catalogue, reconcile }),
      ...deliveries,
      tree,
      rotateLogKey: createRotateLogKey({ ledger, tree, clock }),
      adoptLog: createAdoptLog({ ledger, tree, clock }),
      eraseTexts: createEraseTexts({ ledger, clock }),
      tryChannel: telling.tryChannel,
    }),
    metrics: renderMetrics,
  };
  let socket: { close(): Promise<void> } | undefined;

  try {
    // Other brokers may be at work: what a dead one had claimed comes back when the claim ends.
    if (!store.shared) await ledger.releaseClaims(clock.now());
    await deliveries.begin();
    await ledger.record({
      id: newId("event"),
      at: clock.now(),
      kind: "broker.started",
      data: { version, config: config.hash, policyHash: config.policyHash },
    });
    await catchUp();
    loop.start();
    recordingsKeeper.start();
    deliveries.start();
    reminderLoop?.start();
    socket = config.adminSocket === undefined ? undefined : await serveSocket(config.adminSocket, admin, log);
    const server = await listen(createApp(broker), config.listen);
    return {
      url: server.url,
      reloadPolicy,
      reopenFiles: deliveries.reopen,
      async stop() {
        const cut = setTimeout(() => stopping.abort(), FINISH_WITHIN);
        await server.close();
        await socket?.close();
        await sweeps.stop();
        await recordingsKeeper.stop();
        await loop.stop();
        clearTimeout(cut);
        await ledger
          .record({ id: newId("event"), at: clock.now(), kind: "broker.stopped", data: {} })
          .catch(() => undefined);
        await reminderLoop?.stop();
        await deliveries.stop();
        await Promise.all(Object.values(providers).map((provider) => provider.close()));
        await store.close();
        keeper.close();
      },
    };
  } catch (error) {
    await socket?.close();
    await sweeps.stop();
    await recordingsKeeper.stop();
    await loop.stop();
    await reminderLoop?.stop();
    await deliveries.stop();
    await Promise.all(Object.values(providers).map((provider) => provider.close()));
    await store.close();
    keeper.close();
    throw error;
  }

  async function catchUp(): Promise<void> {
    await keepTime.atStart();
    await sweepDue.pass();
    const targets = Promise.all([sweepDue.idle(), sweeps.start()]);
    await Promise.race([targets, new Promise((resolve) => setTimeout(resolve, CATCH_UP_WITHIN).unref())]);
  }
}
