import type { LeaseReply } from "@phi/shared/contract/lease";
import { formatDuration } from "@phi/shared/duration";
import type { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import { isTerminal, stderrStyle } from "../terminal/style.js";
import { writeAll } from "../terminal/write.js";

/** What phi says beside a running command. All of it goes to stderr, and there is none when all is well in a script. */
export interface Talk {
  began(): void;
  warning(minutes: number): void;
  /** So much is left, in ms, of a window that became longer. */
  extended(remaining: number): void;
  /** Unless something is done, the access ends in so many ms. */
  idle(milliseconds: number): void;
  stopping(because: string): void;
  /** The recording has ended before the command; or its end did not arrive, when the command is over. */
  unrecorded(because: string, isOver: boolean): void;
  /** The broker had ended the access before the command failed. */
  cut(because: string): void;
  silent(error: PhiError): void;
  heard(): void;
  stillRevoking(): void;
  endUnknown(error: PhiError): void;
}

export interface TalkFlags {
  readonly quiet: boolean;
  readonly noColor: boolean;
}

/** @param show puts a line on the command's own screen and tells whether it did; else the line goes to stderr. */
export function createTalk(reply: LeaseReply, flags: TalkFlags, show: (line: string) => boolean): Talk {
  const style = stderrStyle(flags.noColor);
  const onTerminal = isTerminal(2);

  /** On a terminal the line starts afresh, whatever the command has drawn, also when its modes are raw. */
  const say = (text: string) => {
    if (!show(text)) writeAll(2, onTerminal ? `\r\u001b[K${text}\r\n` : `${text}\n`);
  };
  const note = (text: string) => flags.quiet || say(text);

  return {
    began() {
      if (onTerminal && !flags.quiet)
        writeAll(
          2,
          `${(reply.emergency === true ? style.bad : style.faint)(`phi: ${reply.emergency === true ? "EMERGENCY: " : ""}${reply.resource} as ${reply.role} until ${clock(Date.now() + reply.expiresInMs)} (${left(reply.expiresInMs)})${recorded(reply)}`)}\n`,
        );
    },
    warning: (minutes) =>
      void note(
        style.bad(
          `phi: access to ${reply.resource} ends in ${minutes} minute${minutes === 1 ? "" : "s"}; for more: phi extend ${reply.request} --for 15m`,
        ),
      ),
    extended: (remaining) =>
      void note(
        `phi: access to ${reply.resource} was extended until ${clock(Date.now() + remaining)} (${left(remaining)})`,
      ),
    idle: (milliseconds) =>
      void note(
        style.bad(`phi: nothing is done on ${reply.resource}: without use the access ends in ${left(milliseconds)}`),
      ),
    stopping: (because) => void say(style.bad(`phi: ${reasonFor(because, reply)}; the command is being stopped`)),
    unrecorded: (because, isOver) =>
      void say(
        style.bad(
          isOver
            ? `phi: the end of the recording is missing (${unrecordedBecause(because)})`
            : `phi: the recording has ended (${unrecordedBecause(because)}); the command goes on`,
        ),
      ),
    cut: (because) => void say(style.bad(`phi: ${reasonFor(because, reply)}; that ended the command's connections`)),
    silent: (error) =>
      void note(`phi: ${printable(error.message)} The command goes on; if this lasts, the broker ends the access.`),
    heard: () => void note("phi: the broker answers again"),
    stillRevoking: () =>
      void say(
        `phi: access to ${reply.resource} is still being revoked; the broker goes on until that is proven (phi show ${reply.request})`,
      ),
    endUnknown: (error) =>
      void say(
        `phi: ${printable(error.message)} So the end of this access is not confirmed; without a heartbeat the broker revokes it by itself.`,
      ),
  };
}

/** People are told that they are recorded, and whether their keys are too. */
function recorded({ recording }: LeaseReply): string {
  if (recording === undefined) return "";
  return recording.input ? ", recorded with what you type" : ", recorded";
}

function unrecordedBecause(because: string): string {
  switch (because) {
    case "cut":
      return "it is as long as recordings may be here";
    case "no_terminal":
      return "no terminal could be made for it";
    case "not_sent":
      return "the broker did not take it in time";
    default:
      return "the broker does not take it";
  }
}

/** The broker's reason for an ended lease, in words. It may carry the comment of whoever did it after a colon. */
function reasonFor(because: string, { request, resource, role }: LeaseReply): string {
  const [code = "", ...rest] = because.split(":");
  const comment = rest.length === 0 ? "" : `: "${printable(rest.join(":").trim(), 300)}"`;
  switch (code) {
    case "window_over":
      return `the window of ${request} on ${resource} is over`;
    case "revoked":
      return `access to ${resource} was taken back${comment} (phi show ${request})`;
    case "locked":
      return `access to ${resource} was taken back${comment}`;
    case "idle":
      return `access to ${resource} ended: idle${rest.length === 0 ? "" : ` for ${printable(rest.join(":").trim(), 20)}`}; ask again: phi request ${resource} --role ${role}`;
    case "ended_by_holder":
      return `access to ${resource} was given back with phi end${comment}`;
    case "recording_failed":
      return `access to ${resource} must be recorded, and the recording broke`;
    case "heartbeat_lost":
      return `access to ${resource} has ended because the broker did not hear of this phi for too long`;
    default:
      return `access to ${resource} has ended on the broker (phi show ${request})`;
  }
}

/** Local wall time, `14:32`; with the date when it is another day. */
function clock(instant: number): string {
  const date = new Date(instant);
  const two = (part: number) => String(part).padStart(2, "0");
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? time : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}`;
}

/** `29m`, `1h5m`, `40s`: seconds only in the last minutes. */
function left(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return formatDuration(seconds < 120 ? seconds : seconds - (seconds % 60));
}
