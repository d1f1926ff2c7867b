import { Command } from "commander";
import { openFaultWorld } from "./case.js";
import { findFaults, runFaults, type Verdict, weightiest } from "./matrix.js";

async function crashMatrix(options: {
  story?: string;
  short?: boolean;
  processes?: boolean;
  json?: boolean;
}): Promise<number> {
  const world = await openFaultWorld();
  try {
    const begin = performance.now();
    const all = await findFaults(world, options.story === undefined ? undefined : [options.story]);
    const faults = options.short === true ? weightiest(all) : all;
    process.stderr.write(`${faults.length} places to die at\n`);
    let done = 0;
    const verdicts = await runFaults(world, faults, {
      restart: options.processes === true ? "process" : "here",
      onVerdict(verdict) {
        done += 1;
        process.stderr.write(`${done}/${faults.length}  ${inWords(verdict)}\n`);
        for (const fault of verdict.faults) process.stderr.write(`    ${fault}\n`);
      },
    });
    const count = (came: Verdict["came"]) => verdicts.filter((verdict) => verdict.came === came).length;
    const slowest = Math.max(0, ...verdicts.map(({ tookMs }) => tookMs));
    const summary = {
      places: faults.length,
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
  } finally {
    await world.close();
  }
}

/** One line per story. */
function table(verdicts: readonly Verdict[]): string {
  const of = (story: string, came: Verdict["came"]) =>
    verdicts.filter((verdict) => verdict.story === story && verdict.came === came).length;
  const lines = [...new Set(verdicts.map(({ story }) => story))].map(
    (story) =>
      `  ${story.padEnd(45)} right ${String(of(story, "right")).padStart(4)}  wrong ${of(story, "wrong")}  by chance ${of(story, "by_chance")}  not reached ${of(story, "not_reached")}\n`,
  );
  return lines.join("");
}

function inWords({ story, point, came, tookMs }: Verdict): string {
  const time = came === "not_reached" || came === "by_chance" ? "" : ` in ${(tookMs / 1000).toFixed(1)} s`;
  return `${came.padEnd(11)} ${story}: ${point}${time}`;
}

await new Command("crash-matrix")
  .description(
    "Kills a real broker at every place where it can die, restarts it, and compares the target with the ledger.",
  )
  .option("--story <name>", "only this story")
  .option("--short", "only where something is written or a target is called")
  .option("--processes", "restart as a process of its own too, which takes twice as long")
  .option("--json", "one JSON value on stdout")
  .action(async (options: { story?: string; short?: boolean; processes?: boolean; json?: boolean }) => {
    process.exitCode = await crashMatrix(options);
  })
  .parseAsync();
