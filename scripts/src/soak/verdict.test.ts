import { describe, expect, it } from "vitest";
import type { SoakReport } from "./run-soak.js";
import { judgeSoak } from "./verdict.js";

const WANTED = 100;

type Run = Omit<Partial<SoakReport>, "notPhi" | "lateness"> & {
  readonly p99?: number;
  readonly notPhi?: Partial<SoakReport["notPhi"]>;
};

const run = ({ p99 = 500, notPhi, ...over }: Run = {}): SoakReport => ({
  leases: WANTED,
  failedCalls: 0,
  seconds: 60,
  blows: {},
  orphans: [],
  faults: [],
  failures: [],
  slowestStart: 1_000,
  settledAfter: 1_000,
  said: {},
  ...over,
  lateness: { median: 100, p99, largest: p99 },
  notPhi: { starvedShare: 0, othersShare: 0, silentShare: 0, notes: [], ...notPhi },
});

const asBadAsCanBe = { starvedShare: 1, othersShare: 1, silentShare: 1 };

describe("a soak's verdict", () => {
  it("is kept when there were enough leases, in time, with nothing left and nothing wrong", () => {
    expect(judgeSoak(run(), WANTED)).toBe("kept");
    expect(judgeSoak(run({ notPhi: asBadAsCanBe }), WANTED)).toBe("kept");
  });

  it("is broken by an orphan or a wrong record on any machine", () => {
    expect(judgeSoak(run({ orphans: ["phi_a"], notPhi: asBadAsCanBe }), WANTED)).toBe("broken");
    expect(judgeSoak(run({ faults: ["twice"], notPhi: asBadAsCanBe }), WANTED)).toBe("broken");
  });

  it("is broken by lateness, and by brokers that did not come back, unless machine or server were out", () => {
    for (const late of [{ p99: 10_000 }, { failures: ["broker 1"] }]) {
      expect(judgeSoak(run(late), WANTED)).toBe("broken");
      expect(judgeSoak(run({ ...late, notPhi: { othersShare: 0.2 } }), WANTED)).toBe("broken");
      expect(judgeSoak(run({ ...late, notPhi: { othersShare: 0.5 } }), WANTED)).toBe("unclear");
      expect(judgeSoak(run({ ...late, notPhi: { starvedShare: 0.2 } }), WANTED)).toBe("unclear");
      expect(judgeSoak(run({ ...late, notPhi: { silentShare: 0.2 } }), WANTED)).toBe("unclear");
    }
  });

  it("of too few leases is unclear when others had the machine, and else broken", () => {
    const few = { leases: WANTED - 1 };
    expect(judgeSoak(run(few), WANTED)).toBe("broken");
    expect(judgeSoak(run({ ...few, notPhi: { othersShare: undefined } }), WANTED)).toBe("broken");
    expect(judgeSoak(run({ ...few, notPhi: { othersShare: 0.5 } }), WANTED)).toBe("unclear");
  });
});
