import { PhiError } from "@phi/shared/errors";
import { nearest, printable } from "@phi/shared/text";
import type { Command } from "commander";
import type { CommandModule } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { writeData, writeJson } from "../terminal/output.js";
import { TOPICS } from "./help/topics.js";

/** What help needs of the program: the whole, and one command with its flags read. */
export interface HelpSource {
  readonly program: Command;
  readonly find: (name: string) => Promise<Command | undefined>;
}

/** `phi help`, `phi help <command>` and the topics. Help that was asked for is data: it goes to stdout. */
export function createHelp(source: HelpSource): CommandModule {
  return {
    examples: ["phi help", "phi help request", "phi help exit-codes"],
    define: (command, run) => {
      command
        .argument("[topic]", `a command, or ${Object.keys(TOPICS).join(" or ")}`)
        .action((topic: string | undefined) => run((phi) => help(phi, topic, source)));
    },
  };
}

async function help(phi: Invocation, topic: string | undefined, source: HelpSource): Promise<number> {
  const text = await helpText(topic, source);
  if (phi.terminal.json) writeJson(phi.terminal, { topic: topic ?? "phi", text });
  else writeData(phi.terminal, text.trimEnd());
  return 0;
}

async function helpText(topic: string | undefined, { program, find }: HelpSource): Promise<string> {
  if (topic === undefined) return program.helpInformation();
  const found = TOPICS[topic] ?? (await find(topic))?.helpInformation();
  if (found !== undefined) return found;
  const near = nearest(topic, [...Object.keys(TOPICS), ...program.commands.map((other) => other.name())]);
  throw new PhiError("usage", `There is no command and no topic "${printable(topic, 60)}".`, {
    hint: near === undefined ? "phi help" : `did you mean: phi help ${near}`,
  });
}
