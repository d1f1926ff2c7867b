import { Command } from "commander";
import { openFaultWorld } from "./case.js";
import { findFaults, runFaults, type Verdict, weightiest } from "./matrix.js";
import { stories } from "./stories.js";

interface Options {
  story?: string[];
  short?: boolean;
  everyRead?: boolean;
  processes?: boolean;
  json?: boolean;
}

/** One story after the other, each in a world of its own: told all at once they keep each other from their places. */
async function crashMatrix(options: Options): Promise<number> {
  const begin = performance.now();
  const verdicts: Verdict[] = [];
  for (const story of options.story ?? Object.keys(stories)) verdicts.push(...(await tryStory(story, options)));
  const count = (came: Verdict["came"]) => verdicts.filter((verdict) => verdict.came === came).length;
  const slowest = Math.max(0, ...verdicts.map(({ tookMs }) => tookMs));
  const summary = {
    places: verdicts.length,
    right: count("right"),
    wrong: count("wrong"),
    byChance: count("by_chance"),
    notReached: count("not_reached"),
    seconds: Math.round((performance.now() - begin) / 1000),
    slowestSeconds: Math.round(slowest / 100) / 10,
  };
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ ...summary, verdicts })}\n`
      : `${summary.places} places to die at: ${summary.right} right, ${summary.wrong} wrong, ${summary.byChance} passed only by chance, and not this time, ${summary.notReached} not reached without explanation; ` +
          `the target equalled the ledger at most ${summary.slowestSeconds} s after the restart; ${summary.seconds} s in all\n` +
          table(verdicts),
  );
  return summary.wrong === 0 && summary.notReached === 0 && summary.right > 0 ? 0 : 1;
}

async function tryStory(story: string, { short, everyRead, processes }: Options): Promise<Verdict[]> {
  const world = await openFaultWorld({ everyRead: everyRead === true });
  try {
    const all = await findFaults(world, [story]);
    const faults = short === true ? weightiest(all) : all;
    process.stderr.write(`${story}: ${faults.length} places to die at\n`);
    let done = 0;
    return await runFaults(world, faults, {
      restart: processes === true ? "process" : "here",
      onVerdict(verdict) {
        done += 1;
        process.stderr.write(`${done}/${faults.length}  ${inWords(verdict)}\n`);
        for (const fault of verdict.faults) process.stderr.write(`    ${fault}\n`);
      },
    });
  } finally {
    await world.close();
  }
}

/** One line per story. */
function table(verdicts: readonly Verdict[]): string {
  const of = (story: string, came: Verdict["came"]) =>
    verdicts.filter((verdict) => verdict.story === story && verdict.came === came).length;
  const lines = [...new Set(verdicts.map(({ story }) => story))].map((story) => {
    const mean = spent(verdicts.filter((verdict) => verdict.story === story));
    return `  ${story.padEnd(45)} right ${String(of(story, "right")).padStart(4)}  wrong ${of(story, "wrong")}  by chance ${of(story, "by_chance")}  not reached ${of(story, "not_reached")}  ${mean.toFixed(1)} s a place\n`;
  });
  return lines.join("");
}

/** The mean, in s. */
function spent(verdicts: readonly Verdict[]): number {
  return verdicts.reduce((sum, { spentMs }) => sum + spentMs, 0) / verdicts.length / 1000;
}

function inWords({ story, point, came, tookMs }: Verdict): string {
  const time = came === "not_reached" || came === "by_chance" ? "" : ` in ${(tookMs / 1000).toFixed(1)} s`;
  return `${came.padEnd(11)} ${story}: ${point}${time}`;
}

await new Command("crash-matrix")
  .description(
    "Kills a real broker at every place where it can die, restarts it, and compares the target with the ledger.",
  )
  .option("--story <name...>", "only these stories")
  .option("--short", "only where something is written or a target is called")
  .option("--every-read", "where the ledger is read: again after each write, which takes twice as long")
  .option("--processes", "restart as a process of its own too, which takes twice as long")
  .option("--json", "one JSON value on stdout")
  .action(async (options: Options) => {
    process.exitCode = await crashMatrix(options);
  })
  .parseAsync();
