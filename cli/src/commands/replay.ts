import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { openRecording } from "../recording/open-recording.js";
import { readLength } from "../requests/typed-length.js";
import { readSessionId } from "../sessions/typed-session.js";
import { writeCast } from "./replay/export.js";
import { playRecording } from "./replay/play.js";

interface Flags {
  readonly export?: string;
  readonly format?: string;
  readonly speed?: string;
  readonly idle?: string;
}

const USUAL_IDLE = "5s";

export const examples = [
  "phi replay ses_7k3m",
  "phi replay ses_7k3m --speed 2",
  "phi replay ses_7k3m --export incident.cast",
];

export function define(command: Command, run: Run): void {
  command
    .argument("<session>", "the session, or the beginning of its id")
    .option("--speed <times>", "so many times as fast, 0.1 to 100 (1)")
    .option("--idle <length>", `cut longer stillness to this; 0s keeps all of it (${USUAL_IDLE})`)
    .option("--export <file>", "write an asciicast to the file instead of playing it; - is stdout")
    .option("--format <version>", "of the asciicast: v3 or v2 (v3)")
    .addHelpText(
      "after",
      "\nKeys: space pauses, + and - change the speed, → and ← go 5 s on and back, ↑ and ↓ a minute, q leaves.\nOff a terminal, and with --json, the asciicast is written to stdout.",
    )
    .action((session: string, flags: Flags) => run((phi) => replay(phi, session, flags)));
}

async function replay(phi: Invocation, typed: string, flags: Flags): Promise<number> {
  const format = readFormat(flags.format);
  const speed = readSpeed(flags.speed);
  const longestStill = readIdle(flags.idle);
  const { terminal } = phi;
  const isPlayed =
    flags.export === undefined && flags.format === undefined && terminal.stdout.isTTY === true && !terminal.json;
  const recording = await openRecording(await phi.broker(), readSessionId(phi, typed));
  if (isPlayed) await playRecording(phi, recording, { speed, longestStill });
  else await writeCast(phi, recording, { file: flags.export ?? "-", format });
  return 0;
}

function readSpeed(typed = "1"): number {
  const speed = /^\d{1,3}(\.\d{1,2})?$/.test(typed) ? Number(typed) : 0;
  if (speed >= 0.1 && speed <= 100) return speed;
  throw new PhiError("invalid_input", `--speed: "${printable(typed, 60)}" is not a number from 0.1 to 100.`);
}

function readIdle(typed = USUAL_IDLE): number {
  return typed === "0s" || typed === "0" ? Number.POSITIVE_INFINITY : readLength(typed, "--idle") * 1_000;
}

function readFormat(typed = "v3"): "v2" | "v3" {
  if (typed === "v2" || typed === "v3") return typed;
  throw new PhiError("invalid_input", `--format: "${printable(typed, 60)}" is not one of v3, v2.`);
}
