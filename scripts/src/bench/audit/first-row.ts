import { spawn } from "node:child_process";
import { once } from "node:events";
import { type Line, quantile } from "./line.js";
import type { Place, World } from "./world.js";

const ROUNDS = 15;

/** `phi audit --since 7d` until its first row is there, on the full log against the empty one, in turns. */
export async function measureFirstRow({ empty, full, events, recent }: World): Promise<Line[]> {
  const times = { empty: [] as number[], full: [] as number[], ratio: [] as number[] };
  for (const place of [empty, full]) await firstRow(place); // warms file caches
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? ([empty, full] as const) : ([full, empty] as const);
    const took = new Map<Place, number>();
    for (const place of order) took.set(place, await firstRow(place));
    const [of, against] = [took.get(full) ?? Number.NaN, took.get(empty) ?? Number.NaN];
    times.full.push(of);
    times.empty.push(against);
    times.ratio.push(of / against);
  }
  return [
    {
      what: `phi audit --since 7d, first row: ${recent.toLocaleString("en")} of ${events.toLocaleString("en")} events`,
      phi: `${quantile(times.full, 0.5).toFixed(0)} ms`,
      against: `empty log ${quantile(times.empty, 0.5).toFixed(0)} ms`,
      value: quantile(times.ratio, 0.5),
      unit: "×",
      promised: { atMost: 1.5 },
    },
  ];
}

async function firstRow({ auditor }: Place): Promise<number> {
  const begin = performance.now();
  const child = spawn(process.execPath, [auditor.bin, "audit", "--since", "7d", "-q"], {
    env: { ...auditor.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let first: number | undefined;
  child.stdout.on("data", () => {
    first ??= performance.now() - begin;
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0 || first === undefined) throw new Error(`phi audit ended with ${code}`);
  return first;
}
