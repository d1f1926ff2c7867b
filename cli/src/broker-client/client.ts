import { randomUUID } from "node:crypto";
import { CHECKPOINT_HEADER } from "@phi/shared/audit/checkpoint-header";
import { type AuditPage, type AuditQuery, auditPage } from "@phi/shared/contract/audit-event";
import {
  type DelegationList,
  type DelegationOrder,
  type DelegationView,
  delegationList,
  delegationView,
} from "@phi/shared/contract/delegation";
import { type Discovery, discovery } from "@phi/shared/contract/discovery";
import {
  type LockList,
  type LockOrder,
  type LockReply,
  type LockView,
  lockList,
  lockReply,
  lockView,
  type UnlockOrder,
} from "@phi/shared/contract/lock";
import {
  type ConsistencyReply,
  consistencyReply,
  type InclusionReply,
  inclusionReply,
  type LogView,
  logView,
  type RotationList,
  rotationList,
} from "@phi/shared/contract/log";
import { type Report, type ReportQuery, report } from "@phi/shared/contract/report";
import {
  type AcceptOrder,
  type ApprovalOrder,
  type EndOrder,
  type ExtensionOrder,
  type OfferOrder,
  type RequestList,
  type RequestOrder,
  type RequestQuery,
  type RequestView,
  requestList,
  requestView,
} from "@phi/shared/contract/request";
import { type ResourceList, resourceList } from "@phi/shared/contract/resource";
import type { ReviewOrder } from "@phi/shared/contract/review";
import {
  type RecordingPage,
  recordingPage,
  type SessionList,
  type SessionQuery,
  sessionList,
} from "@phi/shared/contract/session";
import { type Me, me, type SignInOrder, type SignInReply, signInReply } from "@phi/shared/contract/sign-in";
import { type WhyQuery, type WhyReply, whyReply } from "@phi/shared/contract/why";
import { PhiError } from "@phi/shared/errors";
import type { Secret } from "@phi/shared/secret";
import { printable } from "@phi/shared/text";
import type { Instant } from "@phi/shared/time";
import type * as z from "zod";
import { fromJson } from "./answers.js";
import { type AnswerContext, badAnswer, errorFromAnswer } from "./answers-problem.js";
import { queryText } from "./query-text.js";
import type { Answer, Call, Transport } from "./transport.js";

/**
 * The broker, typed by the contract: every answer is parsed before it is believed. Errors: whatever the broker refuses
 * with, as the same {@link PhiError}; `bad_answer` for what is not of the contract; `broker_unreachable`.
 */
export interface BrokerClient {
  discover(): Promise<Discovery>;
  signIn(order: SignInOrder): Promise<SignInReply>;
  signOut(): Promise<void>;
  me(): Promise<Me>;
  resources(): Promise<ResourceList>;
  why(query: Partial<WhyQuery>): Promise<WhyReply>;
  /** Sent with an idempotency key: when the answer is lost the order is repeated once, and is still one request. */
  ask(order: RequestOrder): Promise<RequestView>;
  /** As {@link BrokerClient.ask}, for more time in the window of a request. */
  extend(id: string, order: ExtensionOrder): Promise<RequestView>;
  requests(query: Partial<RequestQuery>): Promise<RequestList>;
  request(id: string): Promise<RequestView>;
  decide(id: string, order: ApprovalOrder): Promise<RequestView>;
  offer(id: string, order: OfferOrder): Promise<RequestView>;
  accept(id: string, order: AcceptOrder): Promise<RequestView>;
  withdraw(id: string, order: EndOrder): Promise<RequestView>;
  end(id: string, order: EndOrder): Promise<RequestView>;
  revoke(id: string, order: EndOrder): Promise<RequestView>;
  review(id: string, order: ReviewOrder): Promise<RequestView>;
  delegations(): Promise<DelegationList>;
  delegate(order: DelegationOrder): Promise<DelegationView>;
  endDelegation(id: string): Promise<DelegationView>;
  locks(): Promise<LockList>;
  lock(order: LockOrder): Promise<LockReply>;
  unlock(order: UnlockOrder): Promise<LockView>;
  audit(query: Partial<AuditQuery>): Promise<AuditPage>;
  log(): Promise<LogView>;
  consistency(from: number, to: number): Promise<ConsistencyReply>;
  inclusion(event: string): Promise<InclusionReply>;
  rotations(): Promise<RotationList>;
  /** The newest signed checkpoint that an answer carried: what the broker says of its log, not verified. */
  seenCheckpoint(): string | undefined;
  /** Whether the broker answered any call of somebody signed in. */
  wasAnswered(): boolean;
  sessions(query: Partial<SessionQuery>): Promise<SessionList>;
  /** Pieces of a session's recording from number `from` on. */
  recording(session: string, from: number): Promise<RecordingPage>;
  report(query: Partial<ReportQuery> & Pick<ReportQuery, "since">): Promise<Report>;
  /** Now by the broker's clock as far as its last answer told (`Date`, whole seconds), else by this machine's. */
  now(): Instant;
  close(): void;
}

const TIMEOUT = 30_000;
/** A clock that is this much off is corrected; below it the header's whole seconds are not better than ours. */
const TOLERATED_SKEW = 5_000;

export interface ClientOrder {
  readonly transport: Transport;
  /** Absent before the sign-in. */
  readonly token?: Secret | undefined;
  /** What errors name. */
  readonly context: AnswerContext;
}

export function createBrokerClient({ transport, token, context }: ClientOrder): BrokerClient {
  let skew = 0;
  let checkpoint: string | undefined;
  let answered = false;

  async function send(call: Pick<Call, "method" | "path" | "headers">, order?: unknown): Promise<Answer> {
    const answer = await transport.send({
      ...call,
      headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }), ...call.headers },
      body: order === undefined ? undefined : JSON.stringify(order),
      timeoutMs: TIMEOUT,
    });
    const theirs = Date.parse(answer.headers.date ?? "");
    if (!Number.isNaN(theirs)) skew = Math.abs(theirs - Date.now()) > TOLERATED_SKEW ? theirs - Date.now() : 0;
    // A refusal shows the log too: who is told no is a witness as well.
    const shown = answer.headers[CHECKPOINT_HEADER];
    if (shown !== undefined) checkpoint = Buffer.from(shown.slice(0, 16_384), "base64url").toString("utf8");
    if (answer.status >= 200 && answer.status < 300) {
      answered ||= token !== undefined && answer.status !== 204;
      return answer;
    }
    throw errorFromAnswer(answer, context);
  }

  async function get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return parseAnswer(await send({ method: "GET", path }), schema, context);
  }

  async function post<T>(
    path: string,
    order: unknown,
    schema: z.ZodType<T>,
    headers: Record<string, string> = {},
  ): Promise<T> {
    return parseAnswer(await send({ method: "POST", path, headers }, order), schema, context);
  }

  async function askFor(path: string, order: unknown): Promise<RequestView> {
    const headers = { "idempotency-key": randomUUID() };
    try {
      return await post(path, order, requestView, headers);
    } catch (error) {
      if (!(error instanceof PhiError) || error.code !== "broker_unreachable") throw error;
      return post(path, order, requestView, headers);
    }
  }

  const at = (id: string, verb = "") => `/v1/requests/${encodeURIComponent(id)}${verb}`;

  return {
    discover: () => get("/.well-known/phi", discovery),
    signIn: (order) => post("/v1/sign-ins", order, signInReply),
    signOut: async () => {
      await send({ method: "DELETE", path: "/v1/sign-ins/current" });
    },
    me: () => get("/v1/me", me),
    resources: () => get("/v1/resources", resourceList),
    why: (query) => get(`/v1/why${queryText(query)}`, whyReply),
    ask: (order) => askFor("/v1/requests", order),
    extend: (id, order) => askFor(at(id, "/extensions"), order),
    requests: (query) => get(`/v1/requests${queryText(query)}`, requestList),
    request: (id) => get(at(id), requestView),
    decide: (id, order) => post(at(id, "/approvals"), order, requestView),
    offer: (id, order) => post(at(id, "/offers"), order, requestView),
    accept: (id, order) => post(at(id, "/accept"), order, requestView),
    withdraw: (id, order) => post(at(id, "/withdraw"), order, requestView),
    end: (id, order) => post(at(id, "/end"), order, requestView),
    revoke: (id, order) => post(at(id, "/revoke"), order, requestView),
    sessions: (query) => get(`/v1/sessions${queryText(query)}`, sessionList),
    recording: (session, from) =>
      get(`/v1/sessions/${encodeURIComponent(session)}/recording?from=${from}`, recordingPage),
    review: (id, order) => post(at(id, "/review"), order, requestView),
    delegations: () => get("/v1/delegations", delegationList),
    delegate: (order) => post("/v1/delegations", order, delegationView),
    endDelegation: (id) => post(`/v1/delegations/${encodeURIComponent(id)}/end`, {}, delegationView),
    locks: () => get("/v1/locks", lockList),
    lock: (order) => post("/v1/locks", order, lockReply),
    unlock: (order) => post("/v1/locks/lift", order, lockView),
    log: () => get("/v1/log", logView),
    consistency: (from, to) => get(`/v1/log/consistency${queryText({ from, to })}`, consistencyReply),
    inclusion: (event) => get(`/v1/log/inclusion${queryText({ event })}`, inclusionReply),
    rotations: () => get("/v1/log/rotations", rotationList),
    seenCheckpoint: () => checkpoint,
    wasAnswered: () => answered,
    audit: (query) => get(`/v1/audit${queryText(query)}`, auditPage),
    report: (query) => get(`/v1/report${queryText(query)}`, report),
    now: () => Date.now() + skew,
    close: () => transport.close(),
  };
}

function parseAnswer<T>(answer: Answer, schema: z.ZodType<T>, context: AnswerContext): T {
  const parsed = schema.safeParse(fromJson(answer.text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join(".") ?? "";
  throw badAnswer(
    context,
    where === "" ? "it is not what was asked for" : `\`${printable(where, 80)}\` is not as it should be`,
  );
}
