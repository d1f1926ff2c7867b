import { defineConfig } from "vitest/config";

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
    globalSetup: "scripts/src/environment/run-folder.testing.ts",
  },
});
