import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Line, quantile } from "./line.js";
import type { World } from "./world.js";

/** So long, in ms, the broker is asked while it has nothing else to do. */
const QUIET = 5_000;
const ASK_EVERY = 5;

const EXPORT = ["audit", "export", "--format", "jsonl", "-q"];

/** The whole export through the CLI: how fast, and in how much of the broker's memory. */
export async function measureExport({ full, events }: World): Promise<Line[]> {
  const { pid } = full.environment.broker;
  const before = peakMemory(pid, "reset");
  const begin = performance.now();
  await runPhi(full.auditor, EXPORT);
  const took = performance.now() - begin;
  const peak = peakMemory(pid, "read");
  return [
    {
      what: `phi audit export of ${events.toLocaleString("en")} events (${Math.round(events / took)}k/s): the broker's memory at most`,
      phi: `${peak.toFixed(0)} MB`,
      against: `before ${before.toFixed(0)} MB`,
      value: peak,
      unit: "MB",
      promised: { atMost: 150 },
    },
  ];
}

/** How long others wait for the broker while it reads the whole log. */
export async function measureStalls({ full }: World): Promise<Line[]> {
  const { url } = full.environment.broker;
  const quiet = await waits(url, () => sleep(QUIET));
  const exporting = await waits(url, () => runPhi(full.auditor, EXPORT));
  const asking = await waits(url, async () => {
    for (let round = 0; round < 3; round++)
      await runPhi(full.auditor, ["audit", "--since", "52w", "--text", "nowhere to be found", "--json"]);
  });
  const wait = (what: string, of: readonly number[]): Line => ({
    what: `others' wait for the broker while ${what}: added (99th percentile)`,
    phi: `${quantile(of, 0.99).toFixed(0)} ms, longest ${Math.max(...of).toFixed(0)} ms`,
    against: `idle ${quantile(quiet, 0.99).toFixed(0)} ms, longest ${Math.max(...quiet).toFixed(0)} ms`,
    value: quantile(of, 0.99) - quantile(quiet, 0.99),
    unit: "ms",
    promised: { atMost: 50 },
  });
  return [wait("it exports", exporting), wait("it looks for a text that is not there", asking)];
}

/** How long, in ms, calls that do nothing take while the work goes on: what stops the broker's timers stops them. */
async function waits(url: string, work: () => Promise<unknown>): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const times: number[] = [];
  let over = false;
  const asking = (async () => {
    while (!over) {
      const begin = performance.now();
      await new Promise<void>((resolve, reject) => {
        get(`${url}/healthz`, { agent }, (answer) => answer.resume().once("end", resolve)).once("error", reject);
      });
      times.push(performance.now() - begin);
      await sleep(ASK_EVERY);
    }
  })();
  await work().finally(() => {
    over = true;
  });
  await asking;
  agent.destroy();
  return times;
}

/** The process's resident memory at its highest since the last reset, in MB (Linux, proc(5)). */
function peakMemory(pid: number, what: "reset" | "read"): number {
  if (what === "reset") writeFileSync(`/proc/${pid}/clear_refs`, "5");
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) / 1_000;
}

async function runPhi(person: World["full"]["auditor"], args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [person.bin, ...args], {
    env: { ...person.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.resume();
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`phi ${args.join(" ")} ended with ${code}`);
}
