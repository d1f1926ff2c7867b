import { type Command, Help } from "commander";

/** Puts examples before everything else in a command's help: they are what people look for. */
export function helpWithExamples(command: Command, examples: readonly string[]): Command {
  return command.configureHelp({
    showGlobalOptions: true,
    formatHelp: (shown, help) =>
      `${examples.map((example) => `  $ ${example}`).join("\n")}\n\n${Help.prototype.formatHelp.call(help, shown, help)}`,
  });
}
