import type { Described, FlagWords } from "./describe.js";

/** A script for `phi completion fish > ~/.config/fish/completions/phi.fish`. */
export function fishCompletion({ globals, commands }: Described): string {
  const lines = [
    "# fish completion for phi: phi completion fish > ~/.config/fish/completions/phi.fish",
    "complete -c phi -f",
    ...globals.map((flag) => `complete -c phi ${flagWords(flag)}`),
    ...commands.map(
      (command) => `complete -c phi -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.about)}`,
    ),
  ];
  for (const command of commands) {
    const when = `-n '__fish_seen_subcommand_from ${command.name}'`;
    for (const flag of command.flags) lines.push(`complete -c phi ${when} ${flagWords(flag)}`);
    if (command.words.length > 0) lines.push(`complete -c phi ${when} -a ${quoted(command.words.join(" "))}`);
  }
  return lines.join("\n");
}

function flagWords(flag: FlagWords): string {
  const names = flag.names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return `${names.join(" ")}${flag.takesValue ? " -r" : ""} -d ${quoted(flag.about)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
