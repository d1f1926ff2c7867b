import { formatDuration } from "@phi/shared/duration";
import { PhiError } from "@phi/shared/errors";
import { parsePast, toRfc3339 } from "@phi/shared/time";
import { callBroker } from "../../admin/call-broker.js";
import type { PastRequest } from "../../admin/contract.js";
import { findBroker } from "../../config/admin-socket.js";
import { loadPolicy } from "../../config/load-policy.js";
import { decideEmergency } from "../../domain/policy/emergency.js";
import type { Ask } from "../../domain/policy/obstacle.js";
import type { Decision, Policy } from "../../domain/policy/policy.js";
import { explainRefusal } from "../../domain/policy/refusal-words.js";
import { approvalsNeeded } from "../../domain/policy/rule.js";
import { type OperatorOptions, print } from "../output.js";
import { calendarsAround } from "./calendars.js";

/** More requests than this are not looked at; a summary of so many tells what the rest would. */
const MOST = 50_000;

interface Otherwise {
  readonly request: string;
  readonly requester: string;
  readonly asked: string;
  readonly was: string;
  readonly now: string;
}

/**
 * Puts the requests that the running broker has on record through the policies of `file`, each as of when it was asked and with the groups its
 * requester had; 1 when any would be answered otherwise. What was refused at once is not a request and is not looked at.
 */
export async function replayPolicy(
  file: string,
  options: OperatorOptions & { readonly since: string },
): Promise<number> {
  const since = parsePast(options.since, Date.now());
  if (since === undefined)
    throw new PhiError("usage", `--since: "${options.since}" is not a time.`, {
      hint: "write it like 30d or 2026-11-01",
    });
  const loaded = await loadPolicy(file);
  const requests = await pastRequests(options.config, toRfc3339(since));
  const asked = requests.map(({ createdAt }) => Date.parse(createdAt));
  const policy = loaded.policy.on(await calendarsAround(loaded, [since, Date.now(), ...asked]));
  const otherwise = requests.flatMap((request) => differs(policy, request));
  print(options, { policyHash: policy.hash, requests: requests.length, otherwise }, [
    ...otherwise.flatMap((one) => [
      `${one.request}  ${one.requester}: ${one.asked}`,
      `    was  ${one.was}`,
      `    now  ${one.now}`,
    ]),
    `${otherwise.length} of ${requests.length} requests since ${toRfc3339(since)} would be answered otherwise.`,
  ]);
  return otherwise.length === 0 ? 0 : 1;
}

async function pastRequests(config: string, since: string): Promise<PastRequest[]> {
  const { socket } = await findBroker(config);
  const found: PastRequest[] = [];
  let before: string | undefined;
  do {
    const page = await callBroker(socket, "past_requests", { since, ...(before === undefined ? {} : { before }) });
    found.push(...page.requests);
    before = page.next;
  } while (before !== undefined && found.length < MOST);
  return found;
}

function differs(policy: Policy, request: PastRequest): Otherwise[] {
  const { resource, role, duration, reason, ticket, requester } = request;
  const ask: Ask = { resource, role, duration, reason, ticket };
  const at = Date.parse(request.createdAt);
  const about = {
    request: request.request,
    requester: requester.name,
    asked: `${role} on ${resource} for ${formatDuration(duration)}`,
  };
  if (request.emergency === true) {
    const made = decideEmergency(policy, requester, ask, at);
    if (made.decision === "allowed") return [];
    return [{ ...about, was: `an emergency, by "${request.policy}"`, now: `refused: ${made.sentence}` }];
  }
  const decision = policy.decide(requester, ask, at);
  const now = decision.decision === "refused" ? undefined : approvalsNeeded(decision.rule);
  if (now === request.approvalsNeeded) return [];
  const was = `${countInWords(request.approvalsNeeded)}, by "${request.policy}"`;
  return [{ ...about, was, now: inWords(decision, ask) }];
}

function inWords(decision: Decision, ask: Ask): string {
  if (decision.decision === "refused") return `refused: ${explainRefusal(decision, ask)}`;
  return `${countInWords(approvalsNeeded(decision.rule))}, by "${decision.rule.name}"`;
}

function countInWords(count: number): string {
  return count === 0 ? "allowed at once" : `${count} yes needed`;
}
