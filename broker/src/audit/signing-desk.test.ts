import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EMPTY_FRONTIER, extend, rootOf } from "@phi/shared/audit/frontier";
import { leafHash, sameHash } from "@phi/shared/audit/merkle-hash";
import { afterEach, expect, test } from "vitest";
import { readHead } from "./head-file.js";
import { createSigningDesk } from "./signing-desk.js";

const silent = { info() {}, warn() {}, error() {} };
const folder = mkdtempSync(join(tmpdir(), "phi-desk-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("what was signed last is what the disk remembers, also when it is signed while an older head is on its way there", async () => {
  const keyFile = join(folder, "log-key");
  const desk = createSigningDesk(keyFile, silent);
  const signer = desk.open("tagtag", undefined, undefined);
  if ("because" in signer) throw new Error(signer.because);
  let frontier = EMPTY_FRONTIER;
  const flushes: Promise<void>[] = [];
  for (let size = 1; size <= 20; size++) {
    frontier = extend(frontier, [leafHash(`event ${size}`)]);
    const { key, signatures } =
      signer.sign({ origin: signer.origin, size, root: rootOf(frontier) }, signer.key, false) ?? {};
    if (key === undefined) throw new Error("not signed");
    signer.remember(frontier, { key, checkpoint: `of ${size}: ${signatures}` });
    flushes.push(desk.flush());
  }
  await flushes.at(-1);
  const remembered = readHead(`${keyFile}.head`)?.frontier ?? EMPTY_FRONTIER;
  expect(remembered.size).toBe(20);
  expect(sameHash(rootOf(remembered), rootOf(frontier))).toBe(true);
  expect(readdirSync(folder).sort(), "nothing half written is left").toEqual(["log-key", "log-key.head"]);
});
