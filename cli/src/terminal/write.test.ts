import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll, expect, it } from "vitest";

const folder = mkdtempSync(path.join(os.tmpdir(), "phi-write-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program of its own, because a descriptor can be closed in earnest only there. */
function program(body: string): string {
  const entry = path.join(folder, "entry.ts");
  writeFileSync(
    entry,
    `import { writeAll } from ${JSON.stringify(fileURLToPath(new URL("./write.ts", import.meta.url)))};\n${body}`,
  );
  const outfile = path.join(folder, "program.cjs");
  buildSync({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "cjs" });
  return outfile;
}

it("everything arrives, also when the reader is slow and the pipe does not block", async () => {
  const file = program(`
    process.stdout._handle?.setBlocking?.(false);
    writeAll(1, "x".repeat(1_000_000) + "end");
    process.exit(0);`);
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
  let length = 0;
  let last = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) {
    length += chunk.length;
    last = chunk;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(length).toBe(1_000_003);
  expect(last.endsWith("end")).toBe(true);
});

it("a reader that is gone, and a closed descriptor, are told and no crash", async () => {
  const file = program(`
    import { closeSync } from "node:fs";
    setTimeout(() => {
      const piped = writeAll(1, "x".repeat(1_000_000));
      closeSync(1);
      process.exit(!piped && !writeAll(1, "x") ? 7 : 8);
    }, 50);`);
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.destroy();
  expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(7);
});
