import { writeFileSync } from "node:fs";
import { canonicalJson } from "@phi/shared/audit/canonical-json";
import { parseLogKey } from "@phi/shared/audit/log-key";
import { decodeHash } from "@phi/shared/audit/merkle-hash";
import { formatProofFile } from "@phi/shared/audit/proof-file";
import { PhiError } from "@phi/shared/errors";
import { parseId } from "@phi/shared/ids";
import { printable } from "@phi/shared/text";
import type { Command } from "commander";
import type { Run } from "../../command-module.js";
import { helpWithExamples } from "../../help-layout.js";
import type { Invocation } from "../../invocation.js";
import { say } from "../../terminal/output.js";
import { verifyProof } from "../../witness/verify-proof-file.js";
import { readWitnessed } from "../../witness/witness-file.js";

/** `phi audit prove`: a file that shows to anybody with the log's key that an event is in the log. */
export function defineProve(command: Command, run: Run): void {
  helpWithExamples(command, ["phi audit prove evt_7k3m9q2x4v8a1b2c --output inc-42.tlog-proof"])
    .argument("<event>", "the event's whole id, as phi audit --json gives it")
    .description(
      "Write a proof that an event is in the log: it stands alone, and anybody verifies it with the log's key.",
    )
    .option("-o, --output <file>", "write to a new file instead of stdout")
    .action((typed: string) => run((phi) => prove(phi, typed, command.opts<{ output?: string }>().output)));
}

async function prove(phi: Invocation, typed: string, output: string | undefined): Promise<number> {
  const id = parseId("event", typed);
  if (id === undefined)
    throw new PhiError("invalid_input", `"${printable(typed, 60)}" is not the id of an event.`, {
      hint: "evt_ and 16 characters: phi audit --json",
    });
  const { broker: url } = await phi.signedIn();
  const broker = await phi.broker();
  const claimed = await broker.inclusion(id);
  await phi.bearWitness();
  const key = parseLogKey(readWitnessed(phi.env, url)?.key ?? "");
  if (key !== undefined) verifyProof(claimed, [key]);
  const { event, index, proof, checkpoint } = claimed;
  const hashes = proof.map(decodeHash).filter((hash) => hash !== undefined);
  const text = formatProofFile({ extra: canonicalJson(event), index, proof: hashes, checkpoint });
  if (output === undefined) phi.terminal.stdout.write(text);
  else write(output, text);
  const file = output === undefined ? "FILE" : printable(output, 200);
  say(
    phi.terminal,
    `  verify it anywhere: phi audit verify --offline ${file} --key ${key === undefined ? "KEY" : readWitnessed(phi.env, url)?.key}`,
  );
  return 0;
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: "wx", mode: 0o600 });
  } catch (cause) {
    throw new PhiError("local_state", `The file ${printable(file, 200)} cannot be made; nothing is overwritten.`, {
      hint: "name another file",
      cause,
    });
  }
}
