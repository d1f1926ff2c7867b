import type { HeartbeatReply, LeaseEndReply, LeaseReply } from "@phi/shared/contract/lease";
import type { ChunkReply, RecordingRules } from "@phi/shared/contract/recording";
import { type IdKind, parseId } from "@phi/shared/ids";

/**
 * The answers of the hot path, parsed by hand: zod alone would cost more than the whole of `phi exec`. The contract
 * (`shared/contract/lease`) stays the law: a test holds each parser against its schema over thousands of mutations.
 * Every parser gives the value with just the known fields, or `undefined` when the answer is not what it should be.
 */

type Fields = Readonly<Record<string, unknown>>;

/** Stricter than the contract: more variables than any credential needs. */
const MOST_VARIABLES = 64;

export function parseLeaseReply(value: unknown): LeaseReply | undefined {
  if (!isFields(value)) return undefined;
  const { lease, session, request, resource, role, expiresAt, expiresInMs, heartbeatMs } = value;
  const environment = parseEnvironment(value.environment);
  if (!isId("lease", lease) || !isId("session", session) || !isId("request", request) || environment === undefined)
    return undefined;
  if (!isName(resource) || !isName(role) || !isInstant(expiresAt) || !isMilliseconds(expiresInMs)) return undefined;
  const recording = value.recording === undefined ? undefined : parseRecordingRules(value.recording);
  if (value.recording !== undefined && recording === undefined) return undefined;
  if (value.emergency !== undefined && value.emergency !== true) return undefined;
  const reply = {
    ...{ lease, session, request, resource, role, expiresAt, expiresInMs, environment },
    ...(recording === undefined ? {} : { recording }),
    ...(value.emergency === true ? { emergency: true as const } : {}),
  };
  if (heartbeatMs === undefined) return reply;
  if (!Number.isSafeInteger(heartbeatMs) || !isMilliseconds(heartbeatMs) || heartbeatMs === 0) return undefined;
  return { ...reply, heartbeatMs };
}

function parseRecordingRules(value: unknown): RecordingRules | undefined {
  if (!isFields(value)) return undefined;
  const { mode, input } = value;
  return (mode === "terminal" || mode === "required") && typeof input === "boolean" ? { mode, input } : undefined;
}

export function parseChunkReply(value: unknown): ChunkReply | undefined {
  if (!isFields(value)) return undefined;
  const { state } = value;
  return state === "recording" || state === "complete" || state === "cut" ? { state } : undefined;
}

export function parseHeartbeatReply(value: unknown): HeartbeatReply | undefined {
  if (!isFields(value)) return undefined;
  const { state, expiresInMs, idleEndsInMs, endedBecause } = value;
  if ((state !== "active" && state !== "ended") || !isMilliseconds(expiresInMs)) return undefined;
  if (idleEndsInMs !== undefined && !isMilliseconds(idleEndsInMs)) return undefined;
  if (endedBecause === undefined)
    return idleEndsInMs === undefined ? { state, expiresInMs } : { state, expiresInMs, idleEndsInMs };
  return typeof endedBecause === "string" ? { state, expiresInMs, endedBecause } : undefined;
}

export function parseLeaseEndReply(value: unknown): LeaseEndReply | undefined {
  if (!isFields(value)) return undefined;
  const { state, endedBecause } = value;
  if (state !== "revoked" && state !== "revoking") return undefined;
  if (endedBecause === undefined) return { state };
  return typeof endedBecause === "string" ? { state, endedBecause } : undefined;
}

/** JSON text to a value; `undefined` when it is not JSON (which no answer of the contract is). */
export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseEnvironment(value: unknown): Record<string, string> | undefined {
  if (!isFields(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length > MOST_VARIABLES) return undefined;
  const environment: Record<string, string> = {};
  for (const [name, text] of entries) {
    // Lengths are compared, not counted by the expression: `{0,63}` takes V8 two milliseconds to compile.
    if (name.length > 64 || !/^[A-Z][A-Z0-9_]*$/.test(name) || typeof text !== "string" || text.length > 8_192)
      return undefined;
    environment[name] = text;
  }
  return environment;
}

export function isId(kind: IdKind, value: unknown): value is string {
  return typeof value === "string" && parseId(kind, value) === value;
}

export function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= 63 && /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(value);
}

function isMilliseconds(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** RFC 3339 in UTC, on a day that exists. */
export function isInstant(value: unknown): value is string {
  if (typeof value !== "string") return false;
  const parts = /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z$/.exec(value);
  if (parts === null) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
