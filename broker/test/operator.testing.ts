import { execFile } from "node:child_process";
import { request } from "node:http";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../bin/phi-broker.js", import.meta.url));

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an operator's command as an operator does; without the broker's secrets in the environment. */
export function runOperator(configFile: string, ...args: string[]): Promise<Said> {
  return runBroker(...args, "--config", configFile);
}

/** As {@link runOperator}, for commands that have no configuration of their own. */
export function runBroker(...args: string[]): Promise<Said> {
  const { PATH = "/usr/bin:/bin", HOME = "/" } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [PROGRAM, ...args],
      { env: { PATH, HOME }, timeout: 60_000 },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr });
      },
    );
  });
}

/** What Prometheus reads over the admin socket. */
export function readMetrics({ databaseFile }: { readonly databaseFile: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: `${databaseFile}.sock`, path: "/metrics" }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => resolve(text));
    });
    call.on("error", reject).end();
  });
}
