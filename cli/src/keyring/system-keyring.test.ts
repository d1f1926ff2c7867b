import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll, expect, it } from "vitest";
import { openSystemKeyring } from "./system-keyring.js";

const has = (command: string) => spawnSync("/bin/sh", ["-c", `command -v ${command}`]).status === 0;
const hasSecretService = process.platform === "linux" && has("dbus-run-session") && has("gnome-keyring-daemon");
if (!hasSecretService)
  process.stderr.write("the test on a real keyring is skipped: it needs dbus-run-session and gnome-keyring-daemon\n");

const repository = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), "phi-keyring-"));
/** Below the packages, because import() finds them only from there. */
const cache = path.join(repository, "node_modules", ".cache");
mkdirSync(cache, { recursive: true });
const programs = mkdtempSync(path.join(cache, "phi-keyring-"));
afterAll(() => {
  for (const made of [folder, programs]) rmSync(made, { recursive: true, force: true });
});

/** What a program of its own, with an environment of its own, finds of the keyring. */
function inSession(wrapper: readonly string[], body: string): string {
  const entry = path.join(folder, "entry.ts");
  const source = fileURLToPath(new URL("./system-keyring.ts", import.meta.url));
  writeFileSync(
    entry,
    `import { openSystemKeyring } from ${JSON.stringify(source)};\nimport { Secret } from "@phi/shared/secret";\n(async () => {${body}})().catch((error) => console.log(JSON.stringify({ failed: String(error) })));`,
  );
  const outfile = path.join(programs, "program.cjs");
  buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    conditions: ["source"],
    external: ["@napi-rs/keyring"],
    nodePaths: [path.join(repository, "node_modules")],
  });
  const [command = process.execPath, ...args] = [...wrapper, process.execPath, outfile];
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    XDG_RUNTIME_DIR: folder,
  };
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8", env, timeout: 20_000 });
  return stdout === "" ? stderr : stdout;
}

it("no keyring is opened when PHI_KEYRING is off", async () => {
  expect(await openSystemKeyring({ PHI_KEYRING: "off" })).toBeUndefined();
});

it.skipIf(process.platform !== "linux")(
  "without a session bus the keyring is found unusable at once, and nothing goes into kernel memory instead",
  () => {
    const began = performance.now();
    const said = inSession(
      [],
      'const ring = await openSystemKeyring({}); console.log("usable", await ring?.usable());',
    );
    expect(said).toMatch(/^usable false$/m);
    expect(performance.now() - began).toBeLessThan(10_000);
  },
);

it.skipIf(!hasSecretService)("a secret survives in a real Secret Service until it is removed", () => {
  const unlock = 'eval "$(printf "pw\\n" | gnome-keyring-daemon --unlock --components=secrets)"; exec "$@"';
  const said = inSession(
    ["dbus-run-session", "--", "sh", "-c", unlock, "sh"],
    `const ring = await openSystemKeyring({});
     const usable = await ring.usable();
     await ring.set("a", new Secret("s3cret"));
     const again = await openSystemKeyring({});
     const read = (await again.get("a")).reveal();
     await again.remove("a");
     await again.remove("a");
     console.log(JSON.stringify({ usable, read, after: await ring.get("a") }));`,
  );
  expect(JSON.parse(said)).toEqual({ usable: true, read: "s3cret" });
});
