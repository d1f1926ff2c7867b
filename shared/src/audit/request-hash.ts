import { hash } from "node:crypto";
import { canonicalJson } from "./canonical-json.js";

/** Everything that an approver says yes to, as the contract's view of a request has it. */
export interface RequestTerms {
  readonly request: string;
  readonly requester: { readonly issuer: string; readonly subject: string };
  readonly resource: string;
  readonly role: string;
  /** Seconds. */
  readonly duration: number;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
  readonly policy: string;
  readonly stages: readonly { readonly from: readonly string[]; readonly count: number }[];
  /** Seconds. */
  readonly claimWithin: number;
  readonly starts: "first_use" | "approval";
  /** Seconds. */
  readonly idleTimeout?: number | undefined;
  /** For one command only. */
  readonly once?: boolean | undefined;
  /** Whose window it makes longer, and until when (RFC 3339). */
  readonly extends?:
    | { readonly request: string; readonly startedAt: string; readonly from: string; readonly until: string }
    | undefined;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly pendingUntil: string;
}

/**
 * SHA-256 (hex) of a request's terms as canonical JSON. Both sides make it of what they have, so that a yes is bound to what its approver was shown,
 * not to an id. Its approvals, its state and who looks at it do not count.
 */
export function requestHash(terms: RequestTerms): string {
  const { request, requester, resource, role, duration, reason, ticket, policy, claimWithin, starts } = terms;
  const text = canonicalJson({
    request,
    requester: { issuer: requester.issuer, subject: requester.subject },
    resource,
    role,
    duration,
    reason,
    ticket,
    policy,
    stages: terms.stages.map(({ from, count }) => ({ from, count })),
    claimWithin,
    starts,
    idleTimeout: terms.idleTimeout,
    once: terms.once === true ? true : undefined,
    extends: terms.extends && {
      request: terms.extends.request,
      startedAt: terms.extends.startedAt,
      from: terms.extends.from,
      until: terms.extends.until,
    },
    createdAt: terms.createdAt,
    pendingUntil: terms.pendingUntil,
  });
  return hash("sha256", text, "hex");
}
