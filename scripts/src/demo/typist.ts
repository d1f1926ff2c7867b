import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { commandLine } from "./command-line.js";
import type { Transcript } from "./transcript.js";

/** What a command came to. */
export interface Ending {
  /** Exit code; 128 + n after signal n. */
  readonly code: number;
  /** What it wrote. */
  readonly said: string;
}

/** A command that is running. */
export interface Running {
  /** Waits until it has said this and goes on saying nothing for a moment; rejects when it ends without it. */
  saysAndPauses(pattern: RegExp): Promise<string>;
  readonly ended: Promise<Ending>;
}

export interface TypeOptions {
  /** Shown only when asked for later, because another command is on the screen. */
  readonly background?: boolean;
}

/** Somebody at a terminal: a home of their own, and the real CLI on their PATH. */
export interface Typist {
  readonly login: string;
  /** Types a command and waits for its end. */
  types(words: readonly string[]): Promise<Ending>;
  /** Types a command and looks on. */
  starts(words: readonly string[], options?: TypeOptions): Running;
  /** Runs a command that nobody sees and hears its stdout alone: for what programs read. */
  quietly(words: readonly string[]): Promise<Ending>;
  /** Ends what is still running. */
  leave(): void;
}

/** No command of the story takes longer. */
const LIMIT_MS = 40_000;

/** @param home made for this person, readable by nobody else; nothing of the real user's environment is used */
export function createTypist(login: string, home: string, bin: string, transcript: Transcript): Typist {
  mkdirSync(home, { recursive: true });
  chmodSync(home, 0o700);
  const env = {
    PATH: [bin, process.env.PATH ?? "/usr/bin:/bin"].join(delimiter),
    HOME: home,
    XDG_STATE_HOME: join(home, ".local/state"),
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_CACHE_HOME: join(home, ".cache"),
    XDG_DATA_HOME: join(home, ".local/share"),
    LANG: "C.UTF-8",
    TZ: "UTC",
  };

  const children = new Set<ChildProcess>();

  function run(words: readonly string[], onLine: (line: string) => void, merged: boolean): Running {
    const began = performance.now();
    // One pipe for both, so that the lines come in the order in which they were written.
    const [command = "", ...args] = merged ? ["/bin/sh", "-c", 'exec "$@" 2>&1', "sh", ...words] : words;
    const child = spawn(command, args, { env, cwd: home, stdio: ["ignore", "pipe", merged ? "inherit" : "pipe"] });
    children.add(child);
    const lines: string[] = [];
    let lastLineAt = began;
    const heard = new Promise<void>((resolve) => {
      createInterface({ input: child.stdout as Readable })
        .on("line", (line) => {
          lines.push(line);
          lastLineAt = performance.now();
          onLine(line);
        })
        .on("close", resolve);
    });
    child.stderr?.resume();
    const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    let over = false;
    const ended = Promise.all([exitOf(child), heard]).then(([code]) => {
      clearTimeout(limit);
      children.delete(child);
      over = true;
      return { code, said: lines.join("\n") };
    });
    return {
      ended,
      async saysAndPauses(pattern) {
        for (;;) {
          const match = pattern.exec(lines.join("\n"));
          if (match !== null && performance.now() - lastLineAt > 250) return match[0];
          if (over) throw new Error(`${commandLine(words)} ended without saying ${pattern}:\n${lines.join("\n")}`);
          await sleep(20);
        }
      },
    };
  }

  return {
    login,
    types(words) {
      transcript.typed(login, commandLine(words));
      return run(words, transcript.said, true).ended;
    },
    starts(words, { background = false } = {}) {
      if (!background) transcript.typed(login, commandLine(words));
      return run(words, background ? () => {} : transcript.said, true);
    },
    quietly: (words) => run(words, () => {}, false).ended,
    leave: () => {
      for (const child of children) child.kill("SIGKILL");
    },
  };
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 137));
  });
}
