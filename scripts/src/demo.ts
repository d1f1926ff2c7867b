import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BrokenPromise, createPromises } from "./demo/promises.js";
import { askAndApprove } from "./demo/scenes/ask-and-approve.js";
import { cutAtTheEnd } from "./demo/scenes/cut-at-the-end.js";
import { lookBack } from "./demo/scenes/look-back.js";
import { workAndEnd } from "./demo/scenes/work-and-end.js";
import { createToolbox } from "./demo/toolbox.js";
import { createTranscript } from "./demo/transcript.js";
import { createTypist } from "./demo/typist.js";
import { createWitness } from "./demo/witness.js";
import { startEnvironment } from "./environment/environment.js";

/** Two minutes are promised for installing, building and playing; the play itself needs far less. */
const LIMIT_MS = 110_000;

/** `scripts/demo`: plays phi's story with the real programs and checks each promise. Its help is in `scripts/demo`. */
async function main(): Promise<number> {
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
  const undo: (() => Promise<void> | void)[] = [];
  const cleanUp = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(1)));
  }
  const limit = setTimeout(() => {
    process.stderr.write(`\nThe demo is not over after ${LIMIT_MS / 1000} seconds.\n`);
    void cleanUp().finally(() => process.exit(1));
  }, LIMIT_MS);

  const transcript = createTranscript(process.stdout);
  const promises = createPromises(transcript);
  try {
    const folder = mkdtempSync(join(tmpdir(), "phi-demo-"));
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o700);

    const environment = await startEnvironment();
    undo.push(() => environment.stop());
    const witness = await createWitness(environment.inspectUrl);
    undo.push(() => witness.close());
    const toolbox = createToolbox(folder);
    const typist = (login: string) => createTypist(login, join(folder, login), toolbox.bin, transcript);
    const people = { alice: typist("alice"), bob: typist("bob"), carol: typist("carol") };
    undo.push(() => Object.values(people).forEach((person) => void person.leave()));
    const stage = { environment, toolbox, transcript, promises, witness, ...people };

    const { postgres, broker, issuer } = environment;
    transcript.remark(
      `phi, played by the real programs. Ready in ${seconds()} s:\n\n` +
        `  broker   ${broker.url}\n` +
        `  issuer   ${issuer.url}\n` +
        `  db-prod  PostgreSQL ${postgres.majorVersion} on 127.0.0.1:${postgres.port}\n` +
        `  client   ${toolbox.sqlClient}`,
    );
    const request = await askAndApprove(stage);
    await workAndEnd(stage, request);
    const shortRequest = await cutAtTheEnd(stage);
    await lookBack(stage, shortRequest);
    process.stdout.write(`\n\n${promises.count} promises, all kept, in ${seconds()} seconds.\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error;
    process.stdout.write(`\n\nNot as promised: ${error.message}. ${promises.count} promises were kept before.\n`);
    return 1;
  } finally {
    clearTimeout(limit);
    await cleanUp();
  }
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
