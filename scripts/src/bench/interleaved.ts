import { spawn } from "node:child_process";

/** One program to be measured against the others. */
export interface Contestant {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What one contestant took: medians, wall time in ms, and the median of its ratios to the base of the same round. */
export interface Measured {
  readonly name: string;
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
  readonly ratio: number;
}

/**
 * Runs every contestant once per round, in a new random order each time, and compares within the round: what the
 * machine does beside hits all of them alike. The first contestant is the base. Rejects when one of them fails.
 */
export async function measureInterleaved(
  contestants: readonly Contestant[],
  rounds: number,
  onRound: (round: number) => void,
): Promise<Measured[]> {
  const times = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  const base = times.get(contestants[0]?.name ?? "") ?? [];
  for (const contestant of contestants) await timeOnce(contestant); // warm file caches, uncounted
  for (let round = 1; round <= rounds; round++) {
    for (const contestant of shuffled(contestants)) times.get(contestant.name)?.push(await timeOnce(contestant));
    onRound(round);
  }
  return [...times].map(([name, all]) => ({
    name,
    median: quantile(all, 0.5),
    p10: quantile(all, 0.1),
    p90: quantile(all, 0.9),
    ratio: quantile(
      all.map((time, round) => time / (base[round] ?? Number.NaN)),
      0.5,
    ),
  }));
}

/** Wall time of one run in ms, from spawn to exit. */
function timeOnce({ name, file, args, env }: Contestant): Promise<number> {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(file, args, { env: { ...env }, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2_000);
    });
    let took = 0;
    child.once("error", reject);
    child.once("exit", () => {
      took = performance.now() - begin;
    });
    child.once("close", (code) =>
      code === 0 ? resolve(took) : reject(new Error(`${name} ended with ${code}: ${said}`)),
    );
  });
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

/** Nearest-rank quantile. */
function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}
