import type { LeaseEndOrder, LeaseReply } from "@phi/shared/contract/lease";
import type { HotClient } from "../broker-client/hot-client.js";
import { asPhiError } from "../terminal/as-phi-error.js";
import { type Ending, WINDOW_OVER } from "./ending.js";
import { childEnvironment, leaseVariables } from "./environment.js";
import { keepAlive } from "./keep-alive.js";
import { type ChildEnd, type RunningChild, runChild } from "./run-child.js";
import { createTalk, type TalkFlags } from "./talk.js";
import { leaveTerminalAsItIs, saveTerminalModes } from "./terminal-modes.js";
import { watchWindow } from "./window-watch.js";

export interface UnderLease {
  readonly client: HotClient;
  /** The lease, asked for already: the broker makes the credential while this half of the program is loaded. */
  readonly lease: Promise<LeaseReply>;
  /** The file to run and the words as typed. */
  readonly file: string;
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: TalkFlags;
  /** The command is an interactive shell: it ignores TERM and is hung up instead. */
  readonly isShell: boolean;
}

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
  const talk = createTalk(reply, order.flags);
  let hurry = () => {};
  const hurried = new Promise<"hurried">((resolve) => {
    hurry = () => resolve("hurried");
  });
  let stopped: Promise<boolean> | undefined;

  const stop = (because: string) => {
    if (stopped !== undefined) return;
    talk.stopping(because);
    stopped = child.stop({ hangUp: order.isShell });
  };
  const window = watchWindow({ warn: talk.warning, over: () => stop("window_over") });
  const beats =
    reply.heartbeatMs === undefined
      ? undefined
      : keepAlive(() => order.client.heartbeat(reply.lease), reply.heartbeatMs, {
          ...talk,
          remaining: window.set,
          ended: stop,
        });

  let child: RunningChild;
  let end: ChildEnd;
  try {
    window.set(reply.expiresInMs);
    talk.began(); // before the command can write
    child = runChild({
      file: order.file,
      words: order.words,
      environment: childEnvironment(parent, leaseVariables(reply)),
      onContinue: () => beats?.beatNow(),
      onImpatience: () => hurry(),
    });
    end = await child.ended;
  } catch (error) {
    beats?.stop();
    window.stop();
    await endLease({ because: "not_started" });
    throw error;
  }
  beats?.stop();
  window.stop();
  const wasForced = await stopped;
  if (stopped !== undefined || "signal" in end)
    modes?.restore(wasForced === true || ("signal" in end && end.signal === "SIGKILL"));
  const endedBecause = await endLease({
    ...endOf(end),
    because: stopped === undefined ? "command_ended" : "window_over",
  });
  // The broker cuts connections at the end on its own; a command that fails of that may be gone before it could be stopped.
  const wasCut = stopped === undefined && endedBecause !== undefined && !("code" in end && end.code === 0);
  if (wasCut) talk.cut(endedBecause);
  child.release();
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
      talk.endUnknown(known);
      return undefined;
    }
  }
}

function endOf(end: ChildEnd): Pick<LeaseEndOrder, "exitCode" | "signal"> {
  return "signal" in end ? { signal: end.signal } : { exitCode: end.code & 255 };
}
