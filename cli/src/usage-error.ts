import { PhiError } from "@phi/shared/errors";
import { nearest, printable } from "@phi/shared/text";
import type { Command, CommanderError } from "commander";

/** Commander's complaint as an error of the catalogue: one sentence, and the nearest flag or the help to read. */
export function usageError(error: CommanderError, command: Command): PhiError {
  const sentence = printable(error.message.replace(/^error: /, ""), 400);
  const help = `phi help ${command.name() === "phi" ? "" : command.name()}`.trim();
  const typed = /unknown option '(-{1,2}[^'=]+)/.exec(sentence)?.[1];
  const known = [command, command.parent].flatMap(
    (level) => level?.options.flatMap((option) => [option.long, option.short]) ?? [],
  );
  const near =
    typed === undefined
      ? undefined
      : nearest(
          typed,
          known.filter((flag) => typeof flag === "string"),
        );
  const text = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}${/[.!?]$/.test(sentence) ? "" : "."}`;
  return new PhiError("usage", text, { hint: near === undefined ? help : `did you mean ${near}? see: ${help}` });
}

/** A word that is no command. */
export function unknownCommand(word: string, known: readonly string[]): PhiError {
  const near = nearest(word, known);
  return new PhiError("usage", `There is no command "${printable(word, 60)}".`, {
    hint: near === undefined ? "phi help" : `did you mean: phi ${near}`,
  });
}
