import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { openRecording } from "../recording/open-recording.js";
import { readSessionId } from "../sessions/typed-session.js";
import { writeCast } from "./replay/export.js";

interface Flags {
  readonly export?: string;
  readonly format?: string;
}

export const examples = ["phi replay ses_7k3m", "phi replay ses_7k3m --export incident.cast"];

export function define(command: Command, run: Run): void {
  command
    .argument("<session>", "the session, or the beginning of its id")
    .option("--export <file>", "write an asciicast to the file instead of playing it; - is stdout")
    .option("--format <version>", "of the asciicast: v3 or v2 (v3)")
    .action((session: string, flags: Flags) => run((phi) => replay(phi, session, flags)));
}

async function replay(phi: Invocation, typed: string, flags: Flags): Promise<number> {
  const format = readFormat(flags.format);
  const recording = await openRecording(await phi.broker(), readSessionId(phi, typed));
  await writeCast(phi, recording, { file: flags.export ?? "-", format });
  return 0;
}

function readFormat(typed = "v3"): "v2" | "v3" {
  if (typed === "v2" || typed === "v3") return typed;
  throw new PhiError("invalid_input", `--format: "${printable(typed, 60)}" is not one of v3, v2.`);
}
