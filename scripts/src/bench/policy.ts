import { compilePolicy, type Policy } from "@phi/broker/domain/policy/policy";
import type { AllowRule } from "@phi/broker/domain/policy/rule";
import { Command } from "commander";
import { median } from "./leases/line.js";

const RULES = 10_000;
const FEW = 10;
const REQUESTS = 1_000;
const ROUNDS = 15;
/** How many times slower a decision may be with a thousand times as many rules about other things. */
const PROMISED = 1.5;

const NOW = Date.UTC(2026, 10, 23, 13);

/** Rules about resources and people of teams, ten of each team; team 0 is the same however many there are. */
function policyOf(rules: number): Policy {
  return compilePolicy(
    Array.from({ length: rules }, (_, index): AllowRule => {
      const team = Math.floor(index / 10);
      const kind = index % 10;
      return {
        effect: "allow",
        name: `rule ${index}`,
        requesters: [`group:team-${team}`],
        // Half of them name a beginning, as policies of teams do; one of ten is about everything of its kind.
        resources: [kind === 9 ? "db-*" : kind % 2 === 0 ? `db-${team}-${kind}` : `db-${team}-*`],
        roles: [kind < 5 ? "readonly" : "readwrite"],
        maxDuration: 3_600 * (1 + kind),
        approval: { stages: [{ from: [`group:leads-${team}`], count: 1 + (kind % 2) }] },
        reason: "required",
        reasonPattern: ".*(INC|CHG)-\\d+.*",
        ticket: "optional",
        during: [{ days: ["mon", "tue", "wed", "thu", "fri"], from: 420, until: 1_140, timeZone: "Europe/Berlin" }],
        pendingFor: 86_400,
        claimWithin: 28_800,
        starts: "first_use",
      };
    }),
    "",
  );
}

/** Microseconds per decision of one pass over the requests of `teams` teams. */
function pass(policy: Policy, teams: number): number {
  const began = performance.now();
  let given = 0;
  for (let index = 0; index < REQUESTS; index++) {
    const team = index % teams;
    const who = { issuer: "i", subject: `p${index}`, name: "p", groups: [`team-${team}`, "everybody", "staff"] };
    const ask = { resource: `db-${team}-${index % 9}`, role: "readonly", duration: 1_800, reason: "see INC-42" };
    if (policy.decide(who, ask, NOW).decision === "needs_approval") given += 1;
  }
  if (given === 0) throw new Error("nothing was given; this measures nothing");
  return ((performance.now() - began) * 1_000) / REQUESTS;
}

async function bench({ check, json }: { check?: boolean; json?: boolean }): Promise<number> {
  const compiling = performance.now();
  const many = policyOf(RULES);
  const compiledIn = performance.now() - compiling;
  const few = policyOf(FEW);
  const times = { many: [] as number[], few: [] as number[], all: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    // Interleaved, so that what else the machine does meets all of them.
    times.few.push(pass(few, 1));
    times.many.push(pass(many, 1));
    times.all.push(pass(many, RULES / 10));
  }
  const [perFew, perMany, perAll] = [median(times.few), median(times.many), median(times.all)];
  const ratio = perMany / perFew;
  const figures = {
    rules: RULES,
    requests: REQUESTS,
    compiledIn,
    perDecision: perAll,
    rate: 1e6 / perAll,
    perFew,
    perMany,
    ratio,
  };
  process.stdout.write(
    json === true
      ? `${JSON.stringify({ node: process.version, ...figures })}\n`
      : [
          `${RULES} rules are made ready in ${compiledIn.toFixed(0)} ms`,
          `${REQUESTS} requests of everybody  ${perAll.toFixed(1)} µs per decision, ${Math.round(figures.rate)} per second`,
          `the same team's, of ${RULES} rules ${perMany.toFixed(1)} µs, of ${FEW} rules ${perFew.toFixed(1)} µs: ${ratio.toFixed(2)} × (promised ≤ ${PROMISED})`,
          "",
        ].join("\n"),
  );
  return check === true && ratio > PROMISED ? 1 : 0;
}

await new Command("bench:policy")
  .description("What a decision costs, and that rules about other things and people cost nothing.")
  .option("--check", "exit with 1 when a promise is broken")
  .option("--json", "one JSON document on standard output")
  .action(async (options) => {
    process.exitCode = await bench(options);
  })
  .parseAsync();
