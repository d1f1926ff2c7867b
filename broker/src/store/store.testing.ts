import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "@phi/shared/ids";
import type { Lease } from "../domain/lease.js";
import type { Principal } from "../domain/principal.js";
import type { Request } from "../domain/request.js";
import type { Session } from "../ports/ledger.js";
import { createChanges } from "./changes.js";
import { createLedger } from "./ledger.js";
import { openStore } from "./open.js";

export const alice: Principal = { issuer: "https://login", subject: "alice", name: "alice", groups: ["engineering"] };
export const bob: Principal = { issuer: "https://login", subject: "bob", name: "bob", groups: ["db-leads"] };

/** A real ledger in a directory of its own. */
export async function openTemporaryLedger(over: { name?: string } & Parameters<typeof openStore>[1] = {}) {
  const { name = "phi.db", ...options } = over;
  const folder = mkdtempSync(join(tmpdir(), "phi-ledger-"));
  const path = join(folder, name);
  const store = await openStore(path, options);
  const changes = createChanges();
  return {
    folder,
    path,
    store,
    changes,
    ledger: createLedger(store, changes),
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function pendingRequest(over: Partial<Request> = {}): Request {
  return {
    id: newId("request"),
    requester: alice,
    resource: "db-prod",
    role: "readonly",
    duration: 1800,
    reason: "INC-42",
    ticket: undefined,
    policy: "engineers read production",
    policyHash: undefined,
    stages: [{ from: ["group:db-leads"], count: 1 }],
    revision: 0,
    claimWithin: 3600,
    starts: "first_use",
    once: false,
    createdAt: 1_000,
    pendingUntil: 86_400_000,
    endComment: undefined,
    state: "pending",
    ...over,
  } as Request;
}

export function issuingLease(request: Request, over: Partial<Lease> = {}): { lease: Lease; session: Session } {
  const sessionId = newId("session");
  const lease = {
    id: newId("lease"),
    requestId: request.id,
    sessionId,
    resource: request.resource,
    kind: "postgres",
    use: "command",
    handle: { role: "phi_abc" },
    handleText: "phi_abc",
    epoch: 0,
    createdAt: 2_000,
    createBy: 32_000,
    expiresAt: 1_802_000,
    state: "issuing",
    ...over,
  } as Lease;
  return {
    lease,
    session: {
      id: sessionId,
      leaseId: lease.id,
      requestId: request.id,
      command: ["psql"],
      host: "laptop",
      startedAt: 2_000,
    },
  };
}

export const entry = (kind: Parameters<ReturnType<typeof createLedger>["record"]>[0]["kind"], request?: Request) => ({
  id: newId("event"),
  at: 1_000,
  kind,
  requestId: request?.id,
});
