import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The programs that the people of the story have. */
export interface Toolbox {
  /** Directory for their PATH; it holds `phi`, the real CLI, and `query` where psql is missing. */
  readonly bin: string;
  /** The words that run one SQL statement. */
  sql(statement: string): readonly string[];
  /** `psql (PostgreSQL) 17.2`, or what stands in for it. */
  readonly sqlClient: string;
}

export function createToolbox(folder: string): Toolbox {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  addProgram(bin, "phi", new URL("../../../cli/bin/phi.cjs", import.meta.url));
  const psql = spawnSync("psql", ["--version"], { encoding: "utf8" });
  if (psql.status === 0) {
    return { bin, sqlClient: psql.stdout.trim(), sql: (statement) => ["psql", "-c", statement] };
  }
  addProgram(bin, "query", new URL("./query.js", import.meta.url));
  return {
    bin,
    sqlClient: "query, phi's own small client (psql is not installed)",
    sql: (statement) => ["query", statement],
  };
}

function addProgram(bin: string, name: string, program: URL): void {
  const script = `#!/bin/sh\nexec '${process.execPath}' '${fileURLToPath(program)}' "$@"\n`;
  writeFileSync(join(bin, name), script, { mode: 0o755 });
}
