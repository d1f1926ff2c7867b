import { spawn } from "node:child_process";
import type { Globals } from "../argv.js";

/** A process that beats in phi's place. */
export interface StandIn {
  dismiss(): void;
}

export interface StandInOrder {
  readonly lease: string;
  readonly everyMs: number;
  readonly globals: Pick<Globals, "profile" | "broker">;
}

/**
 * Beats for a phi that is about to be stopped (Ctrl-Z): a stopped process cannot, and its lease would be revoked after 30 s of silence.
 * The stand-in lives as long as the pipe on its standard input is open: it is dismissed when phi goes on, and the system closes the pipe
 * when phi is killed. A laptop that sleeps stops it too. It reads the sign-in from where phi has it, so no secret is passed to it.
 */
export function sendStandIn({ lease, everyMs, globals: { profile, broker } }: StandInOrder): StandIn {
  const bin = process.argv[1];
  if (bin === undefined) return { dismiss: () => undefined };
  const flags = [
    ...(profile === undefined ? [] : [`--profile=${profile}`]),
    ...(broker === undefined ? [] : [`--broker=${broker}`]),
  ];
  // A session of its own: what the terminal signals is not meant for it.
  const child = spawn(process.execPath, [bin, "stand-in", lease, String(everyMs), ...flags], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  // Without it the lease falls silent, as it would have.
  child.on("error", () => undefined);
  child.stdin?.on("error", () => undefined);
  child.unref();
  return { dismiss: () => void child.stdin?.destroy() };
}
