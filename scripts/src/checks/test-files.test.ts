import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { readTestCounts } from "./test-counts.js";
import { listTests } from "./test-files.js";

test("tests are unit, integration when they use the environment (also through their support), or end to end by their place", () => {
  const root = mkdtempSync(join(tmpdir(), "phi-tests-"));
  const files = {
    "shared/src/ids.test.ts": "",
    "broker/src/a.test.ts": 'import { x } from "./a.testing.js";',
    "broker/src/a.testing.ts": 'import { y } from "../b.testing.js";',
    "broker/b.testing.ts": 'import { startPostgres } from "@phi/scripts/environment/postgres";',
    "broker/src/c.test.ts": 'import { x } from "./c.testing.js";',
    "broker/src/c.testing.ts": 'import { x } from "./c.testing.js";',
    "scripts/src/environment/issuer.test.ts": 'import { startIssuer } from "./issuer.js";',
    "scripts/src/checks/d.test.ts": 'const text = `import { x } from "@phi/scripts/environment/postgres";`;',
    "scripts/src/demo.test.ts": "",
    "cli/test/deep/exec.test.ts": "",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  expect(Object.fromEntries(listTests(root))).toEqual({
    "shared/src/ids.test.ts": "unit",
    "broker/src/a.test.ts": "integration",
    "broker/src/c.test.ts": "unit",
    "scripts/src/environment/issuer.test.ts": "integration",
    "scripts/src/checks/d.test.ts": "unit",
    "scripts/src/demo.test.ts": "e2e",
    "cli/test/deep/exec.test.ts": "e2e",
  });
  rmSync(root, { recursive: true });
});

test("counts come from vitest's report; a file that did not load counts as failed; no report is no counts", () => {
  const folder = mkdtempSync(join(tmpdir(), "phi-counts-"));
  const report = join(folder, "report.json");
  const testResults = [
    { status: "failed", assertionResults: [] },
    { status: "failed", assertionResults: [{}] },
  ];
  writeFileSync(
    report,
    JSON.stringify({ numPassedTests: 7, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1, testResults }),
  );
  expect(readTestCounts(report)).toEqual({ passed: 7, failed: 2, skipped: 3 });
  writeFileSync(report, "{");
  expect(readTestCounts(report)).toBeUndefined();
  expect(readTestCounts(join(folder, "none.json"))).toBeUndefined();
  rmSync(folder, { recursive: true });
});
