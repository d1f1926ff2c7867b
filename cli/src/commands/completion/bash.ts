import type { Described } from "./describe.js";

/** A script for `source <(phi completion bash)`. Words after `--` are the shell's own business again. */
export function bashCompletion({ globals, commands }: Described): string {
  const names = (flags: Described["globals"]) => flags.flatMap((flag) => flag.names).join(" ");
  const valued = [...globals, ...commands.flatMap((command) => command.flags)]
    .filter((flag) => flag.takesValue)
    .flatMap((flag) => flag.names);
  const cases = commands.map(
    (command) =>
      `    ${command.name}) words="${[names(command.flags), names(globals)].join(" ").trim()}"; fixed="${command.words.join(" ")}" ;;`,
  );
  return `# bash completion for phi: source <(phi completion bash)
_phi() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" word command="" words="" fixed="" index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    if [[ $word == -- ]]; then
      COMPREPLY=($(compgen -c -f -- "$current"))
      return
    fi
    case " ${[...new Set(valued)].join(" ")} " in
      *" $word "*) ((index++)) ;;
      *) [[ -z $command && $word != -* ]] && command=$word ;;
    esac
  done
  case " ${[...new Set(valued)].join(" ")} " in *" $before "*) return ;; esac
  case "$command" in
    "") words="${names(globals)}"; fixed="${commands.map((command) => command.name).join(" ")}" ;;
${cases.join("\n")}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -W "$fixed" -- "$current"))
  fi
}
complete -F _phi phi`;
}
