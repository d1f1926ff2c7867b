import { suspendSelf } from "../suspend-self.js";
import { foregroundGroupOf } from "../terminal-group.js";

/** Signals to phi while the command has a terminal of its own: they are meant for whoever is in the foreground there. */
export interface ForwardedSignals {
  /** Gives the signals back to their default. */
  release(): void;
  /** Stops phi with the whole job it belongs to; resolves when it was continued, or at once where nobody could continue it. */
  stopHere(): Promise<void>;
}

export interface ForwardOrder {
  /** The process that has the terminal; `undefined` while there is none, and when it is over. */
  readonly to: () => number | undefined;
  /** INT or QUIT when nobody is there any more to get it. */
  readonly onImpatience: () => void;
  readonly onSuspend: () => () => void;
  readonly onContinue: () => void;
}

export function forwardSignals({ to, onImpatience, onSuspend, onContinue }: ForwardOrder): ForwardedSignals {
  const letThrough = (signal: NodeJS.Signals) => {
    const pid = to();
    if (pid === undefined) return;
    const group = foregroundGroupOf(pid);
    sendTo(group === undefined ? pid : -group, signal);
  };
  const keyboard = (signal: NodeJS.Signals) => (to() === undefined ? onImpatience() : letThrough(signal));
  const listeners: [NodeJS.Signals, (signal: NodeJS.Signals) => void][] = [
    ["SIGINT", keyboard],
    ["SIGQUIT", keyboard],
    ["SIGTERM", letThrough],
    ["SIGHUP", letThrough],
    ["SIGUSR1", letThrough],
    ["SIGUSR2", letThrough],
    ["SIGTSTP", letThrough],
    ["SIGCONT", onContinue],
  ];
  for (const [signal, listener] of listeners) process.on(signal, listener);

  return {
    release() {
      for (const [signal, listener] of listeners) process.off(signal, listener);
    },
    stopHere: () => suspendSelf(0, letThrough, onSuspend),
  };
}

/** To a process, or to a group when it is negative; nothing when it is over. */
export function sendTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is over.
  }
}
