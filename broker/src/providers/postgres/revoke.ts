import type { Outcome, Revocation, RevokeStep } from "../../ports/provider.js";
import { createBatches } from "./batches.js";
import { clean, type Dirt } from "./clean.js";
import type { PostgresConfig } from "./config.js";
import type { Connections } from "./connect.js";
import { classOfSqlState, type Failure, readFailure, sentence } from "./failure.js";
import type { PostgresHandle } from "./handle.js";
import { type PassReport, READ_REPORTS, readReports } from "./pass-report.js";
import { quickPass } from "./quick-pass.js";
import { revocationPass } from "./revocation-pass.js";

type Item = Revocation<PostgresHandle>;

/** How far one revocation has come. */
interface Progress {
  readonly item: Item;
  sessionsEnded: number;
  outcome: Outcome;
  next: "done" | "clean" | "pass";
}

/** Each role takes a few locks until its step commits; the server's table of locks has room for thousands. */
const MOST_PER_PASS = 1_000;
/** A pass, a cleaning, a pass; once more for what slipped in between. */
const MOST_PASSES = 3;
/** Two small passes cost twice what one of both does, so the second waits; but not for sessions that take their time to end. */
const LIMITS = { items: 64, patience: 250, underWay: 4 };

/**
 * Revokes all that is asked of one target at the same moment together: in the common case in one round trip. Never rejects;
 * what is not proven is a failed outcome, and the caller tries again.
 */
export function createRevoke(connections: Connections) {
  const targets = new WeakMap<PostgresConfig, ReturnType<typeof createQueue>>();

  function createQueue(config: PostgresConfig) {
    return createBatches<readonly Item[], Outcome[]>(LIMITS, async (asked, signal) => {
      const outcomes = await revokeAll(connections, config, asked.flat(), signal);
      return asked.map((items) => outcomes.splice(0, items.length));
    });
  }

  return async function revoke(
    config: PostgresConfig,
    revocations: readonly Item[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    const queue = targets.get(config) ?? createQueue(config);
    targets.set(config, queue);
    return queue.add(revocations, signal).catch((error: unknown) => {
      const failure = readFailure(error);
      return revocations.map(() => failed("connect", failure, false));
    });
  };
}

async function revokeAll(
  connections: Connections,
  config: PostgresConfig,
  revocations: readonly Item[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const progress = revocations.map((item): Progress => {
    const outcome = failed("connect", { class: "other", message: "it was not tried" }, false);
    return { item, sessionsEnded: 0, outcome, next: "pass" };
  });
  for (let start = 0; start < progress.length; start += MOST_PER_PASS) {
    await advance(connections, config, progress.slice(start, start + MOST_PER_PASS), signal);
  }
  return progress.map(({ outcome }) => outcome);
}

async function advance(
  connections: Connections,
  config: PostgresConfig,
  entries: readonly Progress[],
  signal: AbortSignal,
): Promise<void> {
  let left = entries;
  for (let pass = 1; left.length > 0; pass++) {
    const answers = await runPass(connections, config, left, signal);
    for (const [index, entry] of left.entries()) judge(entry, answers[index]);
    if (pass === MOST_PASSES) return;

    const dirty = left.filter(({ next }) => next === "clean");
    if (dirty.length > 0) {
      const dirt = await cleanAll(connections, config, dirty, signal);
      for (const entry of dirty) {
        const failure = dirt.get(entry.item.handle.role);
        if (failure !== undefined) entry.outcome = failed("clean", failure, true);
        entry.next = failure === undefined ? "pass" : "done";
      }
    }
    left = left.filter(({ next }) => next !== "done");
  }
}

/** What is simple quickly, and the rest thoroughly. */
async function runPass(
  connections: Connections,
  config: PostgresConfig,
  entries: readonly Progress[],
  signal: AbortSignal,
): Promise<(PassReport | Failure)[]> {
  const items = entries.map(({ item }) => item);
  let quick: readonly (PassReport | undefined)[];
  try {
    quick = await connections.use(config, signal, (connection) => quickPass(connection, items));
  } catch (error) {
    const failure = readFailure(error);
    return entries.map(() => failure);
  }
  const left = entries.filter((_, index) => quick[index] === undefined);
  const reports = left.length === 0 ? [] : await runWholePass(connections, config, left, signal);
  return quick.map((report) => report ?? reports.shift() ?? NO_ANSWER);
}

const NO_ANSWER: Failure = { class: "other", code: undefined, message: "PostgreSQL gave no answer" };

/** One pass over all of them. When it fails as a whole it is halved, so that whatever spoils it is alone in the end. */
async function runWholePass(
  connections: Connections,
  config: PostgresConfig,
  entries: readonly Progress[],
  signal: AbortSignal,
): Promise<(PassReport | Failure)[]> {
  try {
    const pass = revocationPass(entries.map(({ item }) => item));
    const rows = await connections.use(config, signal, (connection) => connection.pipeline(pass, READ_REPORTS));
    return readReports(rows, entries.length);
  } catch (error) {
    const failure = readFailure(error);
    if (failure.class === "connection" || entries.length === 1) return entries.map(() => failure);
    const middle = Math.ceil(entries.length / 2);
    const first = await runWholePass(connections, config, entries.slice(0, middle), signal);
    return [...first, ...(await runWholePass(connections, config, entries.slice(middle), signal))];
  }
}

/** Draws the conclusion of one pass for one role. */
function judge(entry: Progress, answer: PassReport | Failure | undefined): void {
  entry.next = "done";
  if (answer === undefined || "class" in answer) {
    entry.outcome = failed("connect", answer ?? NO_ANSWER, false);
    return;
  }
  entry.sessionsEnded += answer.ended;
  if (answer.gone) {
    const { sessionsEnded } = entry;
    entry.outcome = { outcome: "revoked", sessionsEnded, droppedAfterCreateBy: answer.final };
    return;
  }
  const { step, code, message } = answer.failure ?? {
    step: "drop",
    code: "55P03",
    message: answer.dirty ? "it has a prepared transaction" : "it was created just now",
  };
  const reason = sentence(message);
  entry.outcome = failed(step, { class: classOfSqlState(code, reason), message: reason }, answer.fenced);
  if (answer.dirty) entry.next = "clean";
  else if (answer.failure === null) entry.next = "pass";
}

async function cleanAll(
  connections: Connections,
  config: PostgresConfig,
  dirty: readonly Progress[],
  signal: AbortSignal,
): Promise<Dirt> {
  const roles = dirty.map(({ item }) => item.handle.role);
  try {
    return await clean(connections, config, roles, signal);
  } catch (error) {
    const failure = readFailure(error);
    return new Map(roles.map((role) => [role, failure]));
  }
}

function failed(step: RevokeStep | "connect", why: Pick<Failure, "class" | "message">, fenced: boolean): Outcome {
  return { outcome: "failed", step, class: why.class, message: why.message, fenced };
}
