import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import type { Config } from "./config/config.js";
import { createExpiryLoop } from "./expiry/loop.js";
import { type Broker, createApp } from "./http/app.js";
import { listen } from "./http/listen.js";
import { createIdentity } from "./identity/identity.js";
import { createAuthenticate } from "./operations/authenticate.js";
import { createCloseRequest } from "./operations/close-request.js";
import { createCreateRequest } from "./operations/create-request.js";
import { createDecideRequest } from "./operations/decide-request.js";
import { createDossiers } from "./operations/dossier.js";
import { createEndLease } from "./operations/end-lease.js";
import { createFindUsableRequest } from "./operations/find-usable-request.js";
import { createIssueLease } from "./operations/issue-lease.js";
import { createKeepLease } from "./operations/keep-lease.js";
import { createListRequests } from "./operations/list-requests.js";
import { createListResources } from "./operations/list-resources.js";
import { createOpenTarget } from "./operations/open-target.js";
import { createQueryAudit } from "./operations/query-audit.js";
import { createRevokeLeases } from "./operations/revoke-leases.js";
import { createSignIn } from "./operations/sign-in.js";
import { createSignOut } from "./operations/sign-out.js";
import { createSweepDue } from "./operations/sweep-due.js";
import type { Catalogue } from "./ports/catalogue.js";
import type { Clock } from "./ports/clock.js";
import type { Log } from "./ports/log.js";
import type { Provider } from "./ports/provider.js";
import { createChanges } from "./store/changes.js";
import { brokerTag, createLedger } from "./store/ledger.js";
import { openStore } from "./store/open.js";

/** What was due while the broker was down is worked on this long, in ms, before it serves; a dead target delays no start further. */
const CATCH_UP_WITHIN = 10_000;

export interface RunningBroker {
  /** Where it listens, e.g. `http://127.0.0.1:7420`. */
  readonly url: string;
  stop(): Promise<void>;
}

export interface Parts {
  readonly config: Config;
  readonly version: string;
  readonly providers: Readonly<Record<string, Provider>>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The whole broker from its parts: opens the ledger, revokes what was due while nobody was there, then serves.
 *
 * @throws PhiError `already_running`, `store_unavailable`, `config_invalid`
 */
export async function startBroker({ config, version, providers, clock, log }: Parts): Promise<RunningBroker> {
  if (config.database.path === undefined) {
    throw new PhiError("config_invalid", "This version keeps its ledger in a file; `database:` names a server.", {
      hint: "Write database: file:./phi.db",
    });
  }
  const store = await openStore(config.database.path);
  const changes = createChanges();
  const ledger = createLedger(store, changes);
  const catalogue: Catalogue = {
    rules: config.policies,
    resources: [...config.resources.values()],
    resource: (name) => config.resources.get(name),
    provider: (kind) => (Object.hasOwn(providers, kind) ? providers[kind] : undefined),
  };
  const revokeLeases = createRevokeLeases({ ledger, catalogue, clock, random: Math.random });
  const sweepDue = createSweepDue({ ledger, clock, revokeLeases });
  const loop = createExpiryLoop({ sweepDue, ledger, clock, log });
  const dossiers = createDossiers({ ledger, clock });
  const findUsableRequest = createFindUsableRequest({ ledger, dossiers, clock });
  const broker: Broker = {
    discovery: {
      name: "phi",
      version,
      issuer: { url: config.issuer.url, clientId: config.issuer.clientId, scopes: config.issuer.scopes },
    },
    clock,
    changes,
    log,
    dossiers,
    authenticate: createAuthenticate({ ledger, clock, admins: config.admins, auditors: config.auditors }),
    signIn: createSignIn({
      ledger,
      identity: createIdentity({
        issuerUrl: config.issuer.url,
        clientId: config.issuer.clientId,
        groupsClaim: config.issuer.groupsClaim,
        clock,
      }),
      clock,
      maxAge: config.signIn.maxAge,
    }),
    signOut: createSignOut({ ledger, clock }),
    listResources: createListResources({ catalogue }),
    createRequest: createCreateRequest({ ledger, catalogue, clock }),
    listRequests: createListRequests({ ledger, dossiers }),
    decideRequest: createDecideRequest({ ledger, dossiers, clock }),
    closeRequest: createCloseRequest({ ledger, dossiers, clock, revokeLeases }),
    issueLease: createIssueLease({
      ledger,
      clock,
      openTarget: createOpenTarget({ ledger, catalogue, clock }),
      brokerTag: await brokerTag(store, clock.now()),
      findUsableRequest,
      revokeLeases,
    }),
    keepLease: createKeepLease({ ledger, clock }),
    endLease: createEndLease({ ledger, clock, changes, revokeLeases }),
    queryAudit: createQueryAudit({ ledger }),
    isReady: async () => clock.now() - loop.lastPass() < 10_000,
  };

  try {
    await ledger.releaseClaims(clock.now());
    await ledger.record({
      id: newId("event"),
      at: clock.now(),
      kind: "broker.started",
      data: { version, config: config.hash },
    });
    await catchUp();
    loop.start();
    const server = await listen(createApp(broker), config.listen);
    return {
      url: server.url,
      async stop() {
        await server.close();
        await loop.stop();
        await ledger
          .record({ id: newId("event"), at: clock.now(), kind: "broker.stopped", data: {} })
          .catch(() => undefined);
        await Promise.all(Object.values(providers).map((provider) => provider.close()));
        await store.close();
      },
    };
  } catch (error) {
    await loop.stop();
    await Promise.all(Object.values(providers).map((provider) => provider.close()));
    await store.close();
    throw error;
  }

  async function catchUp(): Promise<void> {
    await sweepDue.pass();
    await Promise.race([sweepDue.idle(), new Promise((resolve) => setTimeout(resolve, CATCH_UP_WITHIN).unref())]);
  }
}
