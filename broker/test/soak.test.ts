import { findSqld } from "@phi/scripts/environment/sqld-binary";
import { runSoak } from "@phi/scripts/soak/run-soak";
import { expect, it } from "vitest";

const sqld = findSqld();
if ("missing" in sqld) process.stderr.write(`several brokers are not soaked: ${sqld.missing}\n`);

/** The short form of `npm run soak`. */
it.skipIf("missing" in sqld)(
  "three brokers under people's hands while network, target and brokers fail leave nothing behind and record everything once",
  async () => {
    const { leases, orphans, faults, failures, lateness, blows } = await runSoak({
      brokers: 3,
      seconds: 20,
      leases: 100,
    });
    expect(Object.keys(blows).length).toBeGreaterThan(3);
    expect(leases).toBeGreaterThan(50);
    expect({ orphans, faults, failures }).toEqual({ orphans: [], faults: [], failures: [] });
    expect(lateness.p99).toBeLessThan(10_000);
  },
  240_000,
);
