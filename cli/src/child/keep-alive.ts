import type { HeartbeatReply } from "@phi/shared/contract/lease";
import type { PhiError } from "@phi/shared/errors";
import { asPhiError } from "../terminal/as-phi-error.js";

export interface KeepAliveEvents {
  /** The broker says how long the window still is, in ms. */
  remaining(milliseconds: number): void;
  /** The broker has seen nothing done for a while, and ends the access in so many ms unless something is: told once, until something is done. */
  idle(milliseconds: number): void;
  /** The lease has ended on the broker, for the reason it gives. */
  ended(because: string): void;
  /** A beat failed after one that did not: told once, and tried again. */
  silent(error: PhiError): void;
  /** The broker answers again. */
  heard(): void;
}

export interface KeepAlive {
  /** Beats now, whatever the timer says: after the process had been stopped, for example. Resolves when that beat is over, never rejects. */
  beatNow(): Promise<void>;
  stop(): void;
}

/**
 * Beats every `everyMs` (a tenth sooner, to be in time). A beat that fails changes nothing here: silence is the broker's
 * to judge, and it revokes. Only its plain word that the lease is over ends the command.
 */
export function keepAlive(beat: () => Promise<HeartbeatReply>, everyMs: number, events: KeepAliveEvents): KeepAlive {
  let beating: Promise<void> | undefined;
  let isStopped = false;
  let isSilent = false;
  let isIdle = false;

  /** Never two at a time: who asks meanwhile waits for the same. */
  function beatOnce(): Promise<void> {
    if (isStopped) return Promise.resolve();
    beating ??= oneBeat().finally(() => {
      beating = undefined;
    });
    return beating;
  }

  async function oneBeat(): Promise<void> {
    try {
      const reply = await beat();
      if (isStopped) return;
      if (isSilent) events.heard();
      isSilent = false;
      if (reply.state === "ended") events.ended(reply.endedBecause ?? "ended");
      else events.remaining(reply.expiresInMs);
      if (reply.idleEndsInMs !== undefined && !isIdle) events.idle(reply.idleEndsInMs);
      isIdle = reply.idleEndsInMs !== undefined;
    } catch (error) {
      const known = asPhiError(error);
      if (isStopped || known === undefined) return;
      if (known.code === "locked") events.ended(`locked: ${known.message}`);
      else if (known.code === "not_found" || known.code === "lease_lost") events.ended("unknown");
      else if (!isSilent) events.silent(known);
      isSilent = true;
    }
  }

  // The child keeps the process alive; the heartbeat alone must not.
  const timer = setInterval(() => void beatOnce(), Math.max(250, Math.min(everyMs * 0.9, 2 ** 31 - 1))).unref();
  return {
    beatNow: beatOnce,
    stop: () => {
      isStopped = true;
      clearInterval(timer);
    },
  };
}
