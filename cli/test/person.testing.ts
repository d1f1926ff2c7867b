import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../bin/phi.cjs", import.meta.url));
const BUNDLE = fileURLToPath(new URL("../dist/bin/main.cjs", import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A phi that is still running. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Settles when stdout or stderr, whichever, has matched; rejects when phi ends first. */
  until(pattern: RegExp): Promise<void>;
  readonly ended: Promise<Ran>;
}

/** One person at a terminal-less machine of their own: a home directory, and the real, built phi. */
export interface Person {
  readonly login: string;
  readonly home: string;
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Running;
  phi(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** `phi … --json` that must succeed: the one JSON value on its stdout. */
  json(args: readonly string[]): Promise<Record<string, unknown>>;
  signIn(place: { readonly broker: { readonly url: string }; readonly issuer: { readonly url: string } }): Promise<Ran>;
  /** Ends what still runs and removes the home directory. */
  leave(): Promise<void>;
}

export function createPerson(login: string): Person {
  if (!existsSync(BUNDLE)) throw new Error("These tests run the built CLI: npm run build");
  const home = mkdtempSync(join(tmpdir(), `phi-${login}-`));
  mkdirSync(join(home, "state"), { mode: 0o700 });
  const running = new Set<Running>();

  function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: home,
      env: {
        PATH: process.env.PATH ?? "",
        HOME: home,
        XDG_STATE_HOME: join(home, "state"),
        TERM: "xterm-256color",
        ...env,
      },
      stdio: "pipe",
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const ended = new Promise<Ran>((resolve) => {
      child.once("close", (code, signal) => {
        running.delete(one);
        resolve({ code, signal, stdout, stderr });
      });
    });
    const one: Running = {
      child,
      stdout: () => stdout,
      stderr: () => stderr,
      ended,
      until: (pattern) =>
        new Promise((resolve, reject) => {
          const look = () => {
            if (pattern.test(stdout) || pattern.test(stderr)) resolve();
          };
          child.stdout.on("data", look);
          child.stderr.on("data", look);
          look();
          ended.then((ran) =>
            reject(new Error(`phi ended with ${ran.code} before ${pattern}:\n${ran.stdout}\n${ran.stderr}`)),
          );
        }),
    };
    running.add(one);
    return one;
  }

  async function phi(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const one = start(args, env);
    one.child.stdin.end();
    return one.ended;
  }

  return {
    login,
    home,
    start,
    phi,
    async json(args) {
      const ran = await phi([...args, "--json"]);
      if (ran.code !== 0) throw new Error(`phi ${args.join(" ")} ended with ${ran.code}: ${ran.stderr}`);
      return JSON.parse(ran.stdout) as Record<string, unknown>;
    },
    async signIn({ broker, issuer }) {
      const one = start(["login", "--broker", broker.url, "--json"]);
      await one.until(/"userCode"/);
      await answerCode(issuer.url, userCodeOf(one.stdout()), { login });
      return one.ended;
    },
    async leave() {
      for (const { child } of running) child.kill("SIGKILL");
      await Promise.all([...running].map((one) => one.ended));
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The code in the first line of `phi login --json`. */
export function userCodeOf(stdout: string): string {
  return (JSON.parse(stdout.split("\n")[0] ?? "") as { userCode: string }).userCode;
}

/** Answers a device code at the development issuer, as a person would in a browser. */
export async function answerCode(
  issuer: string,
  userCode: string,
  answer: { login: string } | { deny: true },
): Promise<void> {
  const reply = await fetch(`${issuer}/dev/approve`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user_code: userCode, ...answer }),
  });
  if (!reply.ok) throw new Error(`the issuer answered ${reply.status}: ${await reply.text()}`);
}
