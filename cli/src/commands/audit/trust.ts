import { parseCheckpoint, verifyCheckpoint } from "@phi/shared/audit/checkpoint";
import { parseLogKey } from "@phi/shared/audit/log-key";
import { PhiError } from "@phi/shared/errors";
import type { Command } from "commander";
import type { Run } from "../../command-module.js";
import { helpWithExamples } from "../../help-layout.js";
import type { Invocation } from "../../invocation.js";
import { say, writeData, writeJson } from "../../terminal/output.js";
import { takeShown } from "../../witness/take-shown.js";
import { readWitnessed, writeWitnessed } from "../../witness/witness-file.js";

/** `phi audit trust`: takes the log as it is now, whatever this machine saw before. */
export function defineTrust(command: Command, run: Run): void {
  helpWithExamples(command, ["phi audit trust phi.audit/k2m9x4/2+1b3a5c7d+AbQ…"])
    .argument("<key>", "the log's key, from whoever runs the broker: phi-broker audit key")
    .description(
      "Hold the broker to its log as it is from now on; only when its operators say that they began it anew.",
    )
    .action((key: string) => run((phi) => trust(phi, key)));
}

async function trust(phi: Invocation, typed: string): Promise<number> {
  const key = parseLogKey(typed.trim());
  if (key === undefined)
    throw new PhiError("invalid_input", "This is not the key of a log.", {
      hint: "ask whoever runs the broker for: phi-broker audit key",
    });
  const { broker: url } = await phi.signedIn();
  const broker = await phi.broker();
  const { checkpoint } = await broker.log();
  const signed = parseCheckpoint(checkpoint);
  if (signed === undefined || !verifyCheckpoint(signed, [key]))
    throw new PhiError("log_broken", "The broker's log is not signed with this key.");
  const before = readWitnessed(phi.env, url);
  // What was shown of the log before is of no use for this one.
  takeShown(phi.env, url).done();
  writeWitnessed(phi.env, url, { key: typed.trim(), checkpoint });
  if (phi.terminal.json) writeJson(phi.terminal, { key: typed.trim(), signed: signed.size, before: before?.key });
  else writeData(phi.terminal, `${signed.origin}: ${signed.size} events; held to from now on`);
  if (before !== undefined && before.key !== typed.trim()) say(phi.terminal, `before: ${before.key}`);
  return 0;
}
