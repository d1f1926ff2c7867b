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

/** Passes over what is asked of one target at the same moment. */
interface Passes {
  /** {@link quickPass}: `undefined` for what is not as simple as that. */
  readonly quick: Batches<PassReport | undefined>;
  /** {@link revocationPass}, which may wait for sessions to end: the next quick pass does not wait for it. */
  readonly whole: Batches<PassReport | Failure>;
}
type Batches<Answer> = ReturnType<typeof createBatches<readonly Item[], Answer[]>>;

/**
 * Revokes all that is asked of one target at the same moment together: in the common case in three round trips. Never rejects;
 * what is not proven is a failed outcome, and the caller tries again.
 */
export function createRevoke(connections: Connections) {
  const targets = new WeakMap<PostgresConfig, Passes>();

  function createPasses(config: PostgresConfig): Passes {
    return {
      quick: together((items, signal) => connections.use(config, signal, (connection) => quickPass(connection, items))),
      whole: together((items, signal) => wholePass(connections, config, items, signal)),
    };
  }

  return async function revoke(
    config: PostgresConfig,
    revocations: readonly Item[],
    signal: AbortSignal,
  ): Promise<Outcome[]> {
    const passes = targets.get(config) ?? createPasses(config);
    targets.set(config, passes);
    const progress = revocations.map((item): Progress => {
      const outcome = failed("connect", { class: "other", message: "it was not tried" }, false);
      return { item, sessionsEnded: 0, outcome, next: "pass" };
    });
    await advance({ connections, config, passes, signal }, progress);
    return progress.map(({ outcome }) => outcome);
  };
}

/** Does for many callers together what each asks for; in parts that the server's table of locks has room for. */
function together<Answer>(run: (items: readonly Item[], signal: AbortSignal) => Promise<Answer[]>): Batches<Answer> {
  return createBatches<readonly Item[], Answer[]>(LIMITS, async (asked, signal) => {
    const items = asked.flat();
    const answers: Answer[] = [];
    for (let start = 0; start < items.length; start += MOST_PER_PASS)
      answers.push(...(await run(items.slice(start, start + MOST_PER_PASS), signal)));
    return asked.map((own) => answers.splice(0, own.length));
  });
}

/** What one call works with. */
interface Work {
  readonly connections: Connections;
  readonly config: PostgresConfig;
  readonly passes: Passes;
  readonly signal: AbortSignal;
}

async function advance(work: Work, entries: readonly Progress[]): Promise<void> {
  let left = entries;
  for (let pass = 1; left.length > 0; pass++) {
    const answers = await runPass(work, left);
    for (const [index, entry] of left.entries()) judge(entry, answers[index]);
    if (pass === MOST_PASSES) return;

    const dirty = left.filter(({ next }) => next === "clean");
    if (dirty.length > 0) {
      const dirt = await cleanAll(work, dirty);
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
async function runPass({ passes, signal }: Work, entries: readonly Progress[]): Promise<(PassReport | Failure)[]> {
  const items = entries.map(({ item }) => item);
  try {
    const quick = await passes.quick.add(items, signal);
    const left = items.filter((_, index) => quick[index] === undefined);
    const reports = left.length === 0 ? [] : await passes.whole.add(left, signal);
    return quick.map((report) => report ?? reports.shift() ?? NO_ANSWER);
  } catch (error) {
    const failure = readFailure(error);
    return items.map(() => failure);
  }
}

const NO_ANSWER: Failure = { class: "other", code: undefined, message: "PostgreSQL gave no answer" };

/** One pass over all of them. When it fails as a whole it is halved, so that whatever spoils it is alone in the end. */
async function wholePass(
  connections: Connections,
  config: PostgresConfig,
  items: readonly Item[],
  signal: AbortSignal,
): Promise<(PassReport | Failure)[]> {
  try {
    const pass = revocationPass(items);
    const rows = await connections.use(config, signal, (connection) => connection.pipeline(pass, READ_REPORTS));
    return readReports(rows, items.length);
  } catch (error) {
    const failure = readFailure(error);
    if (failure.class === "connection" || items.length === 1) return items.map(() => failure);
    const middle = Math.ceil(items.length / 2);
    const first = await wholePass(connections, config, items.slice(0, middle), signal);
    return [...first, ...(await wholePass(connections, config, items.slice(middle), signal))];
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

async function cleanAll({ connections, config, signal }: Work, dirty: readonly Progress[]): Promise<Dirt> {
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
