import type { LeaseReply } from "@phi/shared/contract/lease";
import type { RecordingFailure } from "@phi/shared/contract/recording";
import { PhiError } from "@phi/shared/errors";
import type { HotClient } from "../broker-client/hot-client.js";
import { asPhiError } from "../terminal/as-phi-error.js";
import { type ChildOrder, type RunningChild, runChild } from "./run-child.js";
import { hasWholeTerminal } from "./whole-terminal.js";

export interface StartOrder extends ChildOrder {
  readonly reply: LeaseReply;
  readonly client: HotClient;
  readonly recordedCommand: string;
  /** The settings of the person's terminal, as stty(1) has them. */
  readonly settings: string | undefined;
  /** The recording has ended before the command; `isFatal` when the command must not go on without it. */
  readonly unrecorded: (because: RecordingFailure["because"] | "cut", isFatal: boolean) => void;
}

/**
 * Starts the command, recorded when its role wants that and it has a terminal. What recording needs is loaded only then.
 * Rejects with `recording_required` when it must be recorded and cannot be.
 */
export async function startChild(order: StartOrder): Promise<RunningChild> {
  const { reply, client } = order;
  const rules = reply.recording;
  if (rules === undefined) return runChild(order);
  const isRequired = rules.mode === "required";
  const report = (because: RecordingFailure["because"]) =>
    client.recordingFailed(reply.session, { because }).catch(() => undefined);
  if (!hasWholeTerminal()) {
    if (!isRequired) return runChild(order);
    throw new PhiError("recording_required", "This access must be recorded, and there is no terminal to record.", {
      hint: "run it at a terminal, without pipes or files on its input and output",
    });
  }
  try {
    const { runRecorded } = await import("./recorded/run-recorded.js");
    return await runRecorded({
      ...order,
      rules,
      send: (n, piece) => client.recordChunk(reply.session, n, piece),
      onBroken(because) {
        if (because !== "cut") void report(because);
        order.unrecorded(because, isRequired);
      },
    });
  } catch (error) {
    if (asPhiError(error) !== undefined) throw error;
    await report("no_terminal");
    if (isRequired) {
      throw new PhiError(
        "recording_required",
        "This access must be recorded, and no terminal could be made for it here.",
        {
          hint: "recording works on Linux (glibc) and macOS",
          cause: error,
        },
      );
    }
    order.unrecorded("no_terminal", false);
    return runChild(order);
  }
}
