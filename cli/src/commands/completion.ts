import { PhiError } from "@phi/shared/errors";
import { nearest, printable } from "@phi/shared/text";
import type { Command } from "commander";
import type { CommandModule } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { writeData, writeJson } from "../terminal/output.js";
import { bashCompletion } from "./completion/bash.js";
import { describeCommands } from "./completion/describe.js";
import { fishCompletion } from "./completion/fish.js";
import { zshCompletion } from "./completion/zsh.js";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** `tree` reads every command, so that the scripts name all the flags there are. */
export function createCompletion(tree: () => Promise<Command>): CommandModule {
  return {
    examples: [
      "source <(phi completion bash)",
      "source <(phi completion zsh)",
      "phi completion fish > ~/.config/fish/completions/phi.fish",
    ],
    define: (command, run) => {
      command
        .argument("<shell>", Object.keys(SHELLS).join(", "))
        .action((shell: string) => run((phi) => completion(phi, shell, tree)));
    },
  };
}

async function completion(phi: Invocation, shell: string, tree: () => Promise<Command>): Promise<number> {
  if (!Object.hasOwn(SHELLS, shell)) {
    const near = nearest(shell, Object.keys(SHELLS));
    throw new PhiError("invalid_input", `There is no completion for "${printable(shell, 60)}".`, {
      hint: near === undefined ? "one of bash, zsh, fish" : `did you mean ${near}?`,
    });
  }
  const script = SHELLS[shell as keyof typeof SHELLS](describeCommands(await tree()));
  if (phi.terminal.json) writeJson(phi.terminal, { shell, script });
  else writeData(phi.terminal, script);
  return 0;
}
