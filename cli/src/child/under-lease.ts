import type { LeaseEndOrder, LeaseReply } from "@phi/shared/contract/lease";
import type { Globals } from "../argv.js";
import type { HotClient } from "../broker-client/hot-client.js";
import { asPhiError } from "../terminal/as-phi-error.js";
import { typedCommand } from "../terminal/typed-command.js";
import { type Ending, WINDOW_OVER } from "./ending.js";
import { childEnvironment, leaseVariables } from "./environment.js";
import { keepAlive } from "./keep-alive.js";
import { keepLaterEnd } from "./later-end.js";
import type { ChildEnd, RunningChild } from "./run-child.js";
import { sendStandIn } from "./stand-in.js";
import { startChild } from "./start-child.js";
import { createTalk } from "./talk.js";
import { leaveTerminalAsItIs, saveTerminalModes } from "./terminal-modes.js";
import { watchWindow } from "./window-watch.js";

export interface UnderLease {
  readonly client: HotClient;
  /** Holds the broker's log to what was shown of it, once that is much; the command is over. Throws `log_broken`. */
  readonly bearWitness: () => Promise<void>;
  /** The lease, asked for already: the broker makes the credential while this half of the program is loaded. */
  readonly lease: Promise<LeaseReply>;
  /** The file to run and the words as typed. */
  readonly file: string;
  readonly words: readonly string[];
  /** The words as they go on record, redacted. */
  readonly recorded: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: Globals;
  /** The command is an interactive shell: it ignores TERM and is hung up instead. */
  readonly isShell: boolean;
}

/** How long the end of the window waits, in ms, for the broker to say that it is the end. */
const LAST_LOOK = 1_000;

/**
 * One command from its lease to the proven revocation. The lease ends with whatever comes first: the command ends, the
 * window closes, or the broker says it is over; in the last two cases the command is stopped. Rejects only when the
 * command did not run.
 */
export async function runUnderLease(order: UnderLease): Promise<Ending> {
  const saving = saveTerminalModes();
  // Reading the environment of the process is slow; now there is time for it.
  const parent = { ...order.env };
  const [reply, modes] = await Promise.all([order.lease, saving]);
  let child: RunningChild | undefined;
  const talk = createTalk(reply, order.flags, (line) => {
    if (child?.show === undefined) return false;
    child.show(line);
    return true;
  });
  let hurry = () => {};
  const hurried = new Promise<"hurried">((resolve) => {
    hurry = () => resolve("hurried");
  });
  let stopped: { readonly because: string; readonly forced: Promise<boolean> } | undefined;

  let tooEarly: string | undefined;
  let end: ChildEnd | undefined;

  const stop = (because: string) => {
    if (child === undefined) tooEarly = because;
    if (stopped !== undefined || child === undefined || end !== undefined) return;
    talk.stopping(because);
    stopped = { because, forced: child.stop({ hangUp: order.isShell }) };
  };
  const window = watchWindow({
    warn: talk.warning,
    extended(remaining) {
      talk.extended(remaining);
      keepLaterEnd(order.env, reply.request, Date.now() + remaining);
    },
    over: () => void lastLook(),
  });
  const beats =
    reply.heartbeatMs === undefined
      ? undefined
      : keepAlive(() => order.client.heartbeat(reply.lease), reply.heartbeatMs, {
          ...talk,
          remaining: window.set,
          ended: stop,
        });

  /** It may have been extended since the last beat. */
  async function lastLook(): Promise<void> {
    await Promise.race([beats?.beatNow(), new Promise((resolve) => setTimeout(resolve, LAST_LOOK))]);
    if (window.isOver()) stop("window_over");
  }

  try {
    window.set(reply.expiresInMs);
    talk.began(); // before the command can write
    child = await startChild({
      reply,
      client: order.client,
      recordedCommand: typedCommand(order.recorded),
      settings: modes?.settings,
      unrecorded: (because, isFatal) =>
        isFatal && end === undefined ? stop("recording_failed") : talk.unrecorded(because, end !== undefined),
      file: order.file,
      words: order.words,
      environment: childEnvironment(parent, leaseVariables(reply)),
      onSuspend() {
        if (reply.heartbeatMs === undefined) return () => undefined;
        const standIn = sendStandIn({ lease: reply.lease, everyMs: reply.heartbeatMs, globals: order.flags });
        return standIn.dismiss;
      },
      onContinue: () => void beats?.beatNow(),
      onImpatience: () => hurry(),
    });
    if (tooEarly !== undefined) stop(tooEarly);
    end = await child.ended;
  } catch (error) {
    beats?.stop();
    window.stop();
    await endLease({ because: "not_started" });
    throw error;
  }
  beats?.stop();
  window.stop();
  const wasForced = await stopped?.forced;
  if (stopped !== undefined || "signal" in end)
    modes?.restore(wasForced === true || ("signal" in end && end.signal === "SIGKILL"));
  const arrived = child.arrived?.();
  const endedBecause = await endLease({ ...endOf(end), because: reasonFor(stopped?.because) });
  await Promise.race([arrived, hurried]);
  // The broker cuts connections at the end on its own; a command that fails of that may be gone before it could be stopped.
  const wasCut = stopped === undefined && endedBecause !== undefined && !("code" in end && end.code === 0);
  if (wasCut) talk.cut(endedBecause);
  child.release();
  await order.bearWitness();
  leaveTerminalAsItIs();
  return stopped === undefined && !wasCut ? end : { code: WINDOW_OVER };

  /** Why the lease had ended before this was reported, if it had. */
  async function endLease(how: LeaseEndOrder): Promise<string | undefined> {
    try {
      const answer = await Promise.race([order.client.endLease(reply.lease, how), hurried]);
      if (answer === "hurried" || answer.state === "revoking") talk.stillRevoking();
      return answer === "hurried" ? undefined : answer.endedBecause;
    } catch (error) {
      const known = asPhiError(error);
      if (known === undefined) throw error;
      // The sign-in ended with the lock, and so had the access before.
      if (known.code === "locked") return `locked: ${known.message}`;
      talk.endUnknown(known);
      return undefined;
    }
  }
}

function reasonFor(stopped: string | undefined): LeaseEndOrder["because"] {
  if (stopped === undefined) return "command_ended";
  return stopped === "recording_failed" ? stopped : "window_over";
}

function endOf(end: ChildEnd): Pick<LeaseEndOrder, "exitCode" | "signal"> {
  return "signal" in end ? { signal: end.signal } : { exitCode: end.code & 255 };
}
