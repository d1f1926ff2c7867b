import { closeSync, openSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type GuardedProcess, startGuarded } from "./guarded-process.js";

export interface BrokerOptions {
  readonly configFile: string;
  /** Where its stderr goes; appended. */
  readonly logFile: string;
  /** What the configuration refers to with `${env:NAME}`. Of our own environment the broker gets PATH and HOME only. */
  readonly env: Readonly<Record<string, string>>;
  /** Removed when we die without stopping the broker. */
  readonly litter?: string | undefined;
  /** Another program that serves as the broker does, and what it is called with besides. */
  readonly program?: { readonly file: string; readonly args: readonly string[] } | undefined;
  /** In seconds; 30 unless told: most things that last longer are a defect. */
  readonly readyWithin?: number | undefined;
}

export interface Broker {
  readonly url: string;
  readonly pid: number;
  /** Settles with the exit code when it has ended, whatever ended it. */
  readonly exited: Promise<number>;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL("../../../broker/bin/phi-broker.js", import.meta.url));

/** The real broker as a process of its own, serving when this resolves. It ends when we do. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const log = openSync(options.logFile, "a", 0o600);
  const { PATH = "/usr/bin:/bin", HOME = "/" } = process.env;
  const program = options.program === undefined ? [PROGRAM, "serve"] : [options.program.file, ...options.program.args];
  const broker = await startGuarded({
    command: process.execPath,
    args: [...program, "--config", options.configFile, "--json"],
    env: { PATH, HOME, ...options.env },
    stopSignal: "SIGTERM",
    stdout: "pipe",
    stderr: log,
    litter: options.litter,
  }).finally(() => closeSync(log));

  const url = await firstLine(broker, options.readyWithin ?? 30).catch(async (error: Error) => {
    await broker.kill();
    const said = readFileSync(options.logFile, "utf8").trimEnd().split("\n").slice(-20).join("\n");
    throw new Error(`The broker did not start: ${error.message}.\n${said}`);
  });
  const { pid, exited, kill } = broker;
  return { url, pid, exited, kill, stop: () => broker.stop() };
}

/** The URL of its one line on stdout, `{"listening": URL}`. */
async function firstLine(broker: GuardedProcess, within: number): Promise<string> {
  const lines = createInterface({ input: broker.stdout as Readable });
  const line = await Promise.race([
    new Promise<string>((resolve) => lines.once("line", resolve)),
    broker.exited.then((code) => Promise.reject(new Error(`it ended with ${code}`))),
    sleep(within * 1_000, undefined, { ref: false }).then(() =>
      Promise.reject(new Error(`it was not ready in ${within} seconds`)),
    ),
  ]);
  lines.close();
  broker.stdout?.resume();
  const { listening } = JSON.parse(line) as { listening?: unknown };
  if (typeof listening !== "string") throw new Error(`it said ${line}`);
  return listening;
}
