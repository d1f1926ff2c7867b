import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.js";
import { type GuardedProcess, startGuarded } from "./guarded-process.js";

export interface SqldOptions {
  /** The program; see `findSqld`. */
  readonly binary: string;
  /** A read replica besides. */
  readonly replica?: boolean | undefined;
  /** An Ed25519 public key, PEM: whoever calls shows a JWT signed with the other half. */
  readonly authKey?: string | undefined;
  /** As sqld does it when it is not told how; else by the clock. */
  readonly checkpointsAfterCommits?: boolean | undefined;
}

export interface Sqld {
  /** Of the primary, `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly replicaUrl: string | undefined;
  /** Ends the primary (`kill -9`); it keeps what it has acknowledged. */
  kill(): Promise<void>;
  /** Starts it again on the same address and data. */
  restart(): Promise<void>;
  /** Stops it in the middle of whatever it does (SIGSTOP): connections stay open and nothing is answered. */
  freeze(): void;
  thaw(): void;
  /** Ends everything and removes its directory. May be called again. */
  stop(): Promise<void>;
}

const START_WITHIN = 15_000;
/**
 * In seconds. With it, sqld checkpoints by the clock and not after commits: 0.24 stops answering writes for good when a checkpoint after a commit
 * meets writers that wait (docs/several-brokers.md).
 */
const CHECKPOINT_EVERY = 30;

/** A real libSQL server on loopback, in a directory of its own. It ends with this process, even when that is killed with -9. */
export async function startSqld({
  binary,
  replica = false,
  authKey,
  checkpointsAfterCommits = false,
}: SqldOptions): Promise<Sqld> {
  const folder = mkdtempSync(join(tmpdir(), "phi-sqld-"));
  const logFile = join(folder, "sqld.log");
  const [port, grpcPort, replicaPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const url = `http://127.0.0.1:${port}`;
  const replicaUrl = `http://127.0.0.1:${replicaPort}`;
  const running = new Set<GuardedProcess>();
  const keyFile = join(folder, "auth-key.pem");
  if (authKey !== undefined) writeFileSync(keyFile, authKey, { mode: 0o600 });
  const auth = authKey === undefined ? [] : ["--auth-jwt-key-file", keyFile];

  async function run(name: string, at: string, args: readonly string[]): Promise<GuardedProcess> {
    const data = join(folder, name);
    mkdirSync(data, { recursive: true, mode: 0o700 });
    const log = openSync(logFile, "a", 0o600);
    const server = await startGuarded({
      command: binary,
      args: ["--no-welcome", "-d", join(data, "data.sqld"), "--http-listen-addr", new URL(at).host, ...auth, ...args],
      env: { PATH: "/usr/bin:/bin", RUST_LOG: "warn" },
      cwd: data,
      stopSignal: "SIGTERM",
      stdout: log,
      stderr: log,
      litter: folder,
    }).finally(() => closeSync(log));
    running.add(server);
    void server.exited.then(() => running.delete(server));
    await ready(server, at);
    return server;
  }

  async function ready(server: GuardedProcess, at: string): Promise<void> {
    const deadline = performance.now() + START_WITHIN;
    while (running.has(server) && performance.now() < deadline) {
      const answer = await fetch(`${at}/health`, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(20);
    }
    await server.kill();
    throw new Error(`sqld did not start at ${at}:\n${readFileSync(logFile, "utf8").slice(-2_000)}`);
  }

  async function stop(): Promise<void> {
    await Promise.all([...running].map((server) => server.kill()));
    rmSync(folder, { recursive: true, force: true });
  }

  const checkpoints = checkpointsAfterCommits ? [] : ["--checkpoint-interval-s", String(CHECKPOINT_EVERY)];
  const replication = replica ? ["--grpc-listen-addr", `127.0.0.1:${grpcPort}`] : [];
  const runPrimary = () => run("primary", url, [...checkpoints, ...replication]);
  try {
    let primary = await runPrimary();
    if (replica) await run("replica", replicaUrl, ["--primary-grpc-url", `http://127.0.0.1:${grpcPort}`]);
    return {
      url,
      replicaUrl: replica ? replicaUrl : undefined,
      kill: () => primary.kill(),
      async restart() {
        primary = await runPrimary();
      },
      freeze: () => void process.kill(primary.pid, "SIGSTOP"),
      thaw: () => void process.kill(primary.pid, "SIGCONT"),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
