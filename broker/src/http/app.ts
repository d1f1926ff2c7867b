import type { Discovery } from "@phi/shared/contract/discovery";
import { PhiError } from "@phi/shared/errors";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import type { createAcceptOffer } from "../operations/accept-offer.js";
import type { createAskInEmergency } from "../operations/ask-in-emergency.js";
import type { createAuthenticate } from "../operations/authenticate.js";
import type { createCloseRequest } from "../operations/close-request.js";
import type { createCreateRequest } from "../operations/create-request.js";
import type { createDecideRequest } from "../operations/decide-request.js";
import type { Delegating } from "../operations/delegate.js";
import type { Dossiers } from "../operations/dossier.js";
import type { createEndLease } from "../operations/end-lease.js";
import type { createExplainDecision } from "../operations/explain-decision.js";
import type { createExportAudit } from "../operations/export-audit.js";
import type { createExtendRequest } from "../operations/extend-request.js";
import type { createIssueLease } from "../operations/issue-lease.js";
import type { createKeepLease } from "../operations/keep-lease.js";
import type { createLiftLock } from "../operations/lift-lock.js";
import type { createListLocks } from "../operations/list-locks.js";
import type { createListRequests } from "../operations/list-requests.js";
import type { createListResources } from "../operations/list-resources.js";
import type { createListRotations } from "../operations/list-rotations.js";
import type { createListSessions } from "../operations/list-sessions.js";
import type { createMakeOffer } from "../operations/make-offer.js";
import type { createProveConsistency } from "../operations/prove-consistency.js";
import type { createProveEvent } from "../operations/prove-event.js";
import type { createQueryAudit } from "../operations/query-audit.js";
import type { createReadAuditOn } from "../operations/read-audit-on.js";
import type { createReadRecording } from "../operations/read-recording.js";
import type { createRecordSession } from "../operations/record-session.js";
import type { createReportAccess } from "../operations/report-access.js";
import type { createReviewEmergency } from "../operations/review-emergency.js";
import type { createSetLock } from "../operations/set-lock.js";
import type { createSignIn } from "../operations/sign-in.js";
import type { createSignOut } from "../operations/sign-out.js";
import type { AuditTree } from "../ports/audit-tree.js";
import type { Changes } from "../ports/changes.js";
import type { Clock } from "../ports/clock.js";
import type { Log } from "../ports/log.js";
import { mountAuditEvents } from "./audit-events.js";
import { mountAuditExport } from "./audit-export.js";
import { limitByAddress } from "./limiter.js";
import { openApi } from "./openapi.js";
import { toProblem } from "./problem.js";
import { mountRecordingEvents } from "./recording-events.js";
import { mountRequestEvents } from "./request-events.js";
import type { AnyRoute } from "./route.js";
import { auditRoutes } from "./routes/audit.js";
import { delegationRoutes } from "./routes/delegations.js";
import { leaseRoutes } from "./routes/leases.js";
import { lockRoutes } from "./routes/locks.js";
import { logRoutes } from "./routes/log.js";
import { reportRoutes } from "./routes/reports.js";
import { requestRoutes } from "./routes/requests.js";
import { resourceRoutes } from "./routes/resources.js";
import { sessionRoutes } from "./routes/sessions.js";
import { signInRoutes } from "./routes/sign-ins.js";
import { whyRoutes } from "./routes/why.js";
import { strictPath } from "./strict-path.js";

/** Every operation that HTTP can reach. */
export interface Broker {
  readonly discovery: Discovery;
  readonly clock: Clock;
  readonly changes: Changes;
  readonly log: Log;
  readonly dossiers: Dossiers;
  readonly authenticate: ReturnType<typeof createAuthenticate>;
  readonly signIn: ReturnType<typeof createSignIn>;
  readonly signOut: ReturnType<typeof createSignOut>;
  readonly listResources: ReturnType<typeof createListResources>;
  readonly explainDecision: ReturnType<typeof createExplainDecision>;
  readonly askInEmergency: ReturnType<typeof createAskInEmergency>;
  readonly reviewEmergency: ReturnType<typeof createReviewEmergency>;
  readonly delegating: Delegating;
  readonly listLocks: ReturnType<typeof createListLocks>;
  readonly setLock: ReturnType<typeof createSetLock>;
  readonly liftLock: ReturnType<typeof createLiftLock>;
  readonly createRequest: ReturnType<typeof createCreateRequest>;
  readonly extendRequest: ReturnType<typeof createExtendRequest>;
  readonly listRequests: ReturnType<typeof createListRequests>;
  readonly decideRequest: ReturnType<typeof createDecideRequest>;
  readonly makeOffer: ReturnType<typeof createMakeOffer>;
  readonly acceptOffer: ReturnType<typeof createAcceptOffer>;
  readonly closeRequest: ReturnType<typeof createCloseRequest>;
  readonly issueLease: ReturnType<typeof createIssueLease>;
  readonly keepLease: ReturnType<typeof createKeepLease>;
  readonly endLease: ReturnType<typeof createEndLease>;
  readonly recordSession: ReturnType<typeof createRecordSession>;
  readonly readRecording: ReturnType<typeof createReadRecording>;
  readonly listSessions: ReturnType<typeof createListSessions>;
  readonly tree: AuditTree;
  readonly proveEvent: ReturnType<typeof createProveEvent>;
  readonly proveConsistency: ReturnType<typeof createProveConsistency>;
  readonly listRotations: ReturnType<typeof createListRotations>;
  readonly queryAudit: ReturnType<typeof createQueryAudit>;
  readonly exportAudit: ReturnType<typeof createExportAudit>;
  readonly reportAccess: ReturnType<typeof createReportAccess>;
  readonly readAuditOn: ReturnType<typeof createReadAuditOn>;
  /** Whether the store can be read and the loop runs. */
  readonly isReady: () => Promise<boolean>;
  /** Prometheus text; there when the configuration wants it on this listener too. */
  readonly metrics?: () => Promise<string>;
}

/** The whole table of routes, in the order of the story. */
export function routes(broker: Broker): AnyRoute[] {
  return [
    ...signInRoutes(broker),
    ...resourceRoutes(broker),
    ...whyRoutes(broker),
    ...requestRoutes(broker),
    ...leaseRoutes(broker),
    ...sessionRoutes(broker),
    ...lockRoutes(broker),
    ...delegationRoutes(broker),
    ...auditRoutes(broker),
    ...reportRoutes(broker),
    ...logRoutes(broker),
  ];
}

/** The HTTP face of the broker. */
export function createApp(broker: Broker): Hono {
  const app = new Hono();
  app.use((context, next) => {
    // Before the answer is made: afterwards hono makes it anew for each.
    context.header("cache-control", "no-store");
    context.header("x-content-type-options", "nosniff");
    return next();
  });
  app.use(strictPath());
  app.use("/v1/sign-ins", limitByAddress(broker.clock));
  const table = routes(broker);
  // Every caller is a witness: what was signed before can be held against what is signed later.
  const checkpoint = () => broker.tree.checkpoint();
  for (const route of table) route.mount(app, broker.authenticate, checkpoint);
  mountRequestEvents(app, broker);
  mountAuditEvents(app, broker);
  mountAuditExport(app, broker);
  mountRecordingEvents(app, broker);

  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", async (context) => {
    const ready = await broker.isReady();
    return context.json({ status: ready ? "ok" : "not_ready" }, ready ? 200 : 503);
  });
  const { metrics } = broker;
  if (metrics !== undefined) {
    app.get("/metrics", async (context) =>
      context.body(await metrics(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
    );
  }
  app.get("/openapi.json", (context) => context.json(openApi(table, broker.discovery.version)));

  app.notFound(() => {
    throw new PhiError("not_found", "There is no such address on this broker.", {
      hint: "GET /openapi.json lists all of them.",
    });
  });
  app.onError((error, context) => {
    if (error instanceof HTTPException && error.status < 500)
      error = new PhiError("invalid_input", "The call is not valid HTTP.");
    const problem = toProblem(error, broker.log);
    return context.body(JSON.stringify(problem), problem.status as 400, { "content-type": "application/problem+json" });
  });
  return app;
}
