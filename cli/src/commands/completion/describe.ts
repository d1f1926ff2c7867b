import type { Command } from "commander";

/** A flag as completion needs it. */
export interface FlagWords {
  /** `--for`, `-m`. */
  readonly names: readonly string[];
  readonly about: string;
  readonly takesValue: boolean;
}

export interface CommandWords {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly FlagWords[];
  /** Fixed words that may follow, e.g. the shells of `completion`. */
  readonly words: readonly string[];
}

export interface Described {
  readonly globals: readonly FlagWords[];
  readonly commands: readonly CommandWords[];
}

/** The command tree in plain words; the scripts are made from nothing else. */
export function describeCommands(program: Command): Described {
  const help = program.createHelp();
  const flagsOf = (command: Command): FlagWords[] =>
    help.visibleOptions(command).map((option) => ({
      names: [option.short, option.long].filter((name) => name !== undefined && name !== null),
      about: option.description.replaceAll(/\s+/g, " "),
      takesValue: option.required || option.optional,
    }));
  const commands = help.visibleCommands(program).map((command) => ({
    name: command.name(),
    about: command.summary(),
    flags: flagsOf(command),
    words: fixedWords(command, program),
  }));
  return { globals: flagsOf(program), commands };
}

function fixedWords(command: Command, program: Command): string[] {
  if (command.name() === "completion") return ["bash", "zsh", "fish"];
  if (command.name() === "help") return [...program.commands.map((other) => other.name()), "exit-codes", "environment"];
  return [];
}
