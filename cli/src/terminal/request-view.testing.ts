import { type RequestView, requestView } from "@phi/shared/contract/request";

/** A pending request as the broker would give it, with some of it changed; always one of the contract. */
export function exampleRequest(changes: Partial<RequestView> = {}): RequestView {
  return requestView.parse({
    request: "req_7k3m9q2x4v8a",
    requester: { issuer: "https://login.example.com", subject: "alice", name: "alice" },
    resource: "db-prod",
    role: "readonly",
    duration: 1_800,
    reason: "INC-42",
    state: "pending",
    policy: "engineers read production",
    approvers: ["group:db-leads"],
    approvalsNeeded: 1,
    stages: [{ from: ["group:db-leads"], count: 1 }],
    approvals: [],
    hash: "0".repeat(64),
    claimWithin: 28_800,
    starts: "first_use",
    createdAt: "2026-11-22T12:00:00.000Z",
    pendingUntil: "2026-11-23T12:00:00.000Z",
    leases: [],
    mayReview: false,
    mayDecide: false,
    mayUse: false,
    mayEnd: false,
    ...changes,
  });
}
