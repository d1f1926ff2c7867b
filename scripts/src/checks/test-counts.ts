import { readFileSync } from "node:fs";

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The counts of vitest's JSON report; `undefined` when it did not get as far as writing one. Files that do not load count as failed. */
export function readTestCounts(file: string): TestCounts | undefined {
  try {
    const report = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    const of = (name: string) => (typeof report[name] === "number" ? report[name] : 0);
    const results = Array.isArray(report.testResults)
      ? (report.testResults as { status?: string; assertionResults?: unknown[] }[])
      : [];
    const unloaded = results.filter(
      ({ status, assertionResults }) => status === "failed" && assertionResults?.length === 0,
    );
    return {
      passed: of("numPassedTests"),
      failed: of("numFailedTests") + unloaded.length,
      skipped: of("numPendingTests") + of("numTodoTests"),
    };
  } catch {
    return undefined;
  }
}
