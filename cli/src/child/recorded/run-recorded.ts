import { constants } from "node:os";
import type { RecordingFailure, RecordingRules } from "@phi/shared/contract/recording";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import { type ChunkQueueOrder, createChunkQueue } from "../../recording/chunk-queue.js";
import { createRecorder } from "../../recording/recorder.js";
import { writeAll } from "../../terminal/write.js";
import { monotonicMs } from "../monotonic.js";
import { type ChildOrder, type RunningChild, stopTree } from "../run-child.js";
import { forwardSignals, sendTo } from "./forward-signals.js";
import { monitorOf } from "./monitor.js";
import { openPersonTerminal, type Size } from "./person-terminal.js";
import { openPty, type Pty } from "./pty.js";
import { createScreen, overlay } from "./screen.js";

export interface RecordedOrder extends ChildOrder {
  readonly rules: RecordingRules;
  /** The command for the recording's header, redacted. */
  readonly recordedCommand: string;
  /** The settings of the person's terminal, as stty(1) has them. */
  readonly settings: string | undefined;
  readonly send: ChunkQueueOrder["send"];
  /** The recording cannot go on; the command does, unless it must be recorded. Told once. */
  readonly onBroken: (because: RecordingFailure["because"] | "cut", error?: PhiError) => void;
}

/** A required recording must begin within so long, in ms, before the command is run. */
const BEGIN_WITHIN = 10_000;
/** After the command, the last pieces get so long, in ms. */
const ARRIVE_WITHIN = 5_000;
/** A piece that does not arrive, in ms: while the command is held up for it, and in any case (a lease falls silent by then). */
const PATIENCE = { held: 10_000, any: 60_000 };
/** A line over a full screen stays so long, in ms, then the program is told to draw anew. */
const LINE_STAYS = 5_000;
/** A process may be told to go on before it has stopped: it is told again, after so many ms. */
const GO_ON_AGAIN = [0, 20, 100, 500];
const LET_GO_EVERY = 10;

/**
 * Runs a child on a terminal of its own, through which phi passes and records everything. It is to feel as if phi were not
 * there: keys go through raw, the size follows, Ctrl-Z stops phi with the command and `fg` continues both. Rejects, before
 * anything ran, when it must be recorded and cannot be.
 */
export async function runRecorded(order: RecordedOrder): Promise<RunningChild> {
  const screen = createScreen();
  let pty: Pty | undefined;
  let isOver = false;
  const queue = createChunkQueue({
    send: order.send,
    hold: (isHeld) => pty?.hold(isHeld),
    broken: order.onBroken,
    patience: PATIENCE,
    now: monotonicMs,
  });
  const terminal = openPersonTerminal({
    typed(bytes) {
      if (order.rules.input) recorder.input(bytes);
      pty?.write(bytes);
    },
    resized,
  });
  let shown = terminal.size();
  const recorder = createRecorder({
    header: {
      ...shown,
      terminal: order.environment.TERM,
      startedAt: Date.now(),
      command: order.recordedCommand,
    },
    now: monotonicMs,
    take: queue.push,
  });
  if (order.rules.mode === "required" && !(await queue.drained(BEGIN_WITHIN))) throw notRecorded();

  const monitor = monitorOf(order.file, order.words.slice(1), order.settings);
  const signals = forwardSignals({ ...order, to: () => (isOver ? undefined : pty?.pid) });
  // A terminal that went away (its window was closed): HUP tells, not every write.
  process.stdout.on("error", () => undefined);

  try {
    pty = await openPty({ ...shown, ...monitor, environment: order.environment, output });
  } catch (error) {
    signals.release();
    throw error;
  }
  const child = pty;
  terminal.take();
  const ended = child.ended.then((end) => {
    isOver = true;
    show(monitor.scan.rest());
    terminal.giveBack();
    recorder.end("signal" in end ? String(128 + constants.signals[end.signal]) : String(end.code));
    return end;
  });

  return {
    ended,
    stop: async ({ hangUp }) => (isOver ? false : stopTree(child.pid, hangUp, child.pid)),
    release: signals.release,
    show: showLine,
    arrived: async () => {
      await queue.drained(ARRIVE_WITHIN);
    },
  };

  function resized({ columns, rows }: Size): void {
    if (columns === shown.columns && rows === shown.rows) return;
    shown = { columns, rows };
    recorder.resized(columns, rows);
    pty?.resize(columns, rows);
  }

  function output(bytes: Buffer): void {
    for (const piece of monitor.scan.push(bytes)) {
      if (piece === "stopped") void suspend();
      else if (piece === "ended") letGo();
      else show(piece);
    }
  }

  function show(bytes: Buffer): void {
    if (bytes.length === 0) return;
    screen.saw(bytes);
    process.stdout.write(bytes);
    recorder.output(bytes);
  }

  /** The command has stopped, and everything it drew before was read: phi stops too, with the whole job it belongs to. */
  async function suspend(): Promise<void> {
    terminal.giveBack();
    await signals.stopHere();
    terminal.take();
    for (const after of GO_ON_AGAIN) setTimeout(() => isOver || sendTo(child.pid, "SIGCONT"), after).unref();
  }

  /** Everything the command wrote was read: its monitor may end. */
  function letGo(): void {
    child.letGo();
    sendTo(child.pid, "SIGCONT");
    const again = setInterval(() => sendTo(child.pid, "SIGCONT"), LET_GO_EVERY);
    void child.ended.then(() => clearInterval(again));
  }

  function showLine(line: string): void {
    recorder.mark(printable(line));
    if (isOver || !screen.isFull) {
      writeAll(2, `\r\u001b[K${line}\r\n`);
      return;
    }
    const { columns, rows } = terminal.size();
    writeAll(2, overlay(line, columns));
    setTimeout(() => {
      if (isOver) return;
      child.resize(columns, Math.max(1, rows - 1));
      setTimeout(() => child.resize(terminal.size().columns, terminal.size().rows), 50).unref();
    }, LINE_STAYS).unref();
  }
}

export function notRecorded(cause?: unknown): PhiError {
  return new PhiError("recording_required", "This access must be recorded, and the recording could not begin.", {
    hint: "try again; if it stays, whoever runs the broker should look at its log",
    cause,
  });
}
