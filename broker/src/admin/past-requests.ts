import type { RequestId } from "@phi/shared/ids";
import { toRfc3339 } from "@phi/shared/time";
import { wholeWindow } from "../domain/extension.js";
import { approvalsNeeded } from "../domain/policy/rule.js";
import type { Ledger } from "../ports/ledger.js";
import type { PastRequestsReply } from "./contract.js";

/** Requests of one page. */
const PAGE = 500;

/** Requests since an instant as they were asked, newest first; `next` is where the following page begins. */
export async function pastRequests(
  ledger: Pick<Ledger, "requests" | "newestSignIn">,
  { since, before }: { readonly since: string; readonly before?: string | undefined },
): Promise<PastRequestsReply> {
  const page = await ledger.requests({ before: before as RequestId | undefined, limit: PAGE });
  const meant = page.filter((request) => request.createdAt >= Date.parse(since));
  const last = meant.at(-1);
  const emails = new Map<string, string | undefined>();
  for (const { requester } of meant) {
    const { issuer, subject } = requester;
    if (emails.has(subject)) continue;
    emails.set(subject, (await ledger.newestSignIn({ issuer, subject }))?.principal.verifiedEmail);
  }
  return {
    requests: meant.map(({ requester: { issuer, subject, name, groups }, ...request }) => ({
      request: request.id,
      requester: {
        ...{ issuer, subject, name, groups: [...groups] },
        ...(emails.get(subject) === undefined ? {} : { verifiedEmail: emails.get(subject) }),
      },
      resource: request.resource,
      role: request.role,
      // An extension was judged by the whole window that it makes.
      duration: request.extends === undefined ? request.duration : wholeWindow(request.extends, request.duration),
      ...(request.reason === undefined ? {} : { reason: request.reason }),
      ...(request.ticket === undefined ? {} : { ticket: request.ticket }),
      createdAt: toRfc3339(request.createdAt),
      policy: request.policy,
      approvalsNeeded: approvalsNeeded({ approval: request }),
      ...(request.emergency === undefined ? {} : { emergency: true as const }),
    })),
    ...(meant.length === PAGE && last !== undefined ? { next: last.id } : {}),
  };
}
