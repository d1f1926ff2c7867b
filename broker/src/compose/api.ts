import type { Broker } from "../http/app.js";
import { createAcceptOffer } from "../operations/accept-offer.js";
import { createAskInEmergency } from "../operations/ask-in-emergency.js";
import { createAuthenticate } from "../operations/authenticate.js";
import { createCloseRequest } from "../operations/close-request.js";
import { createCreateRequest } from "../operations/create-request.js";
import { createDecideRequest } from "../operations/decide-request.js";
import { createDelegating } from "../operations/delegate.js";
import { createDropLostRequests } from "../operations/drop-lost-requests.js";
import { createEndLease } from "../operations/end-lease.js";
import { createExplainDecision } from "../operations/explain-decision.js";
import { createExportAudit } from "../operations/export-audit.js";
import { createExtendRequest } from "../operations/extend-request.js";
import { createFileRequest } from "../operations/file-request.js";
import { createIssueLease } from "../operations/issue-lease.js";
import { keepingAddresses } from "../operations/keep-addresses.js";
import { createKeepLease } from "../operations/keep-lease.js";
import { createListLocks } from "../operations/list-locks.js";
import { createListRequests } from "../operations/list-requests.js";
import { createListRotations } from "../operations/list-rotations.js";
import { createListSessions } from "../operations/list-sessions.js";
import { createMakeOffer } from "../operations/make-offer.js";
import { createOpenTarget } from "../operations/open-target.js";
import { createOpenWindow } from "../operations/open-window.js";
import { createProveConsistency } from "../operations/prove-consistency.js";
import { createProveEvent } from "../operations/prove-event.js";
import { createReadAuditOn } from "../operations/read-audit-on.js";
import { createReadRecording } from "../operations/read-recording.js";
import { createRecordSession } from "../operations/record-session.js";
import { createReportAccess } from "../operations/report-access.js";
import { createReviewEmergency } from "../operations/review-emergency.js";
import { createSignIn } from "../operations/sign-in.js";
import { createSignOut } from "../operations/sign-out.js";
import { watchIssues } from "../operations/watch-issues.js";
import { createRequestRecords } from "../store/request-records.js";
import type { Parts } from "./parts.js";
import type { World } from "./world.js";

/** Everything that people and their CLIs can ask of the broker. */
export function composeApi({ config, version, log }: Parts, world: World): Broker {
  const {
    store,
    clock,
    overview,
    identity,
    ledger,
    locks,
    delegations,
    tag,
    tree,
    standings,
    isReady,
    renderMetrics,
    dossiers,
    findUsableRequest,
    queryAudit,
    recordings,
    openSession,
    listResources,
    people,
    locking,
    assertMayAnswer,
    termsOfOffer,
    changes,
    exports,
    telling,
    addressBook,
    catalogue,
    revokeLeases,
    followWindow,
    lanes,
    leaving,
  } = world;
  const fileRequest = createFileRequest({ ledger, locks });
  return {
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
    authenticate: createAuthenticate({
      ledger,
      locks,
      clock,
      calendars: catalogue.calendars,
      admins: config.admins,
      auditors: config.auditors,
    }),
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
    createRequest: createCreateRequest({ catalogue, clock, fileRequest }),
    askInEmergency: createAskInEmergency({ catalogue, clock, fileRequest }),
    reviewEmergency: createReviewEmergency({ ledger, dossiers, locks, clock }),
    extendRequest: createExtendRequest({
      ledger,
      catalogue,
      locks,
      clock,
      openWindow: createOpenWindow({ ledger, dossiers, clock }),
      followWindow,
      fileRequest,
    }),
    listRequests: createListRequests({ ledger, dossiers, delegations, clock }),
    decideRequest: createDecideRequest({
      ledger,
      dossiers,
      locks,
      clock,
      assertMayAnswer,
      followWindow,
      policyHash: () => catalogue.policy().hash,
    }),
    makeOffer: createMakeOffer({ ledger, dossiers, locks, clock, assertMayAnswer, termsOfOffer }),
    acceptOffer: createAcceptOffer({ ledger, dossiers, locks, clock, termsOfOffer, followWindow }),
    closeRequest: createCloseRequest({ ledger, dossiers, clock, revokeLeases }),
    issueLease: createIssueLease({
      ledger,
      clock,
      openTarget: watchIssues(createOpenTarget({ ledger, catalogue, clock, standings, tree }), lanes, leaving.signal),
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
}
