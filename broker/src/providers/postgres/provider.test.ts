import { afterAll, beforeAll } from "vitest";
import { providerContract } from "../contract-suite.testing.js";
import { type PostgresTarget, startPostgresTarget } from "./postgres-target.testing.js";

let target: PostgresTarget;
beforeAll(async () => {
  target = await startPostgresTarget();
});
afterAll(() => target?.stop());

providerContract(() => target);
