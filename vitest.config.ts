import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** By the names of the folders and files that take longest, which their size does not tell: the last to end is the first to start. */
const LONGEST = [/crash-matrix/, /cli\/test\/recording/, /soak\.test/, /demo\.test/, /dev\.test/, /\/test\//];

/** End to end tests wait much and compute little: they go first, and the others fill what they leave. */
class LongestFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = LONGEST.findIndex((name) => name.test(moduleId));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(specifications)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  // Workspace packages are read from their sources, so that a test never runs against a stale build.
  ssr: { resolve: { conditions: ["source", "node"] } },
  resolve: { conditions: ["source", "node"] },
  test: {
    include: ["*/src/**/*.test.ts", "*/test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 3,
    // A process runs many files and loads a library once. What a test changes of its process (a time zone, a clock) it puts back.
    isolate: false,
    globalSetup: "scripts/src/environment/run-folder.testing.ts",
    sequence: { sequencer: LongestFirst },
  },
});
