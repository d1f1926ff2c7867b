import type { Described, FlagWords } from "./describe.js";

/** A script for `phi completion zsh > "\${fpath[1]}/_phi"`, or to be sourced after `compinit`. */
export function zshCompletion({ globals, commands }: Described): string {
  const cases = commands.map((command) => {
    const specs = [...command.flags, ...globals].flatMap(flagSpecs);
    const rest = command.name === "exec" ? ["'*::command:_normal'"] : [`'*:word:(${command.words.join(" ")})'`];
    return `    ${command.name})\n      _arguments -s ${[...specs, ...rest].join(" \\\n        ")}\n      ;;`;
  });
  return `#compdef phi
# zsh completion for phi: phi completion zsh > "\${fpath[1]}/_phi"
_phi() {
  local context state state_descr line
  typeset -A opt_args
  _arguments -C ${globals.flatMap(flagSpecs).join(" \\\n    ")} \\
    '1:command:->command' '*::argument:->argument'
  case $state in
    command)
      local -a commands
      commands=(
${commands.map((command) => `        ${quoted(`${command.name}:${command.about.replaceAll(":", "\\:")}`)}`).join("\n")}
      )
      _describe command commands
      ;;
    argument)
      case $line[1] in
${cases.join("\n").replaceAll(/^/gm, "    ")}
      esac
      ;;
  esac
}
if [ "$funcstack[1]" = "_phi" ]; then _phi "$@"; else compdef _phi phi; fi`;
}

/** `'(-m --reason)--reason[why]:value:'` for each name of a flag. */
function flagSpecs(flag: FlagWords): string[] {
  const about = flag.about.replaceAll(/[[\]]/g, "\\$&").replaceAll(":", "\\:");
  return flag.names.map((name) =>
    quoted(`(${flag.names.join(" ")})${name}[${about}]${flag.takesValue ? ":value: " : ""}`),
  );
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
