import type { CommandModule } from "../command-module.js";

/**
 * `exec`, `shell`, `env` and `prompt` run from `main.ts`, which reads nothing it does not need and never comes here; this
 * file only knows their flags, for the help and for completion.
 */
const WHICH = "the request or the resource to work under; without it, your only usable request";

export const exec: CommandModule = {
  examples: ["phi exec -- psql", 'phi exec db-prod -- psql -c "select count(*) from orders"'],
  define: (command) => {
    command
      .usage("[request|resource] [flags] -- command [args…]")
      .argument("[what]", WHICH)
      .argument("<command...>", "after --: what to run, with its arguments")
      .option("--request <id>", "work under this request")
      .option("--role <name>", "with several requests on the resource: the one with this role");
  },
};

export const shell: CommandModule = {
  examples: ["phi shell", "phi shell db-prod"],
  define: (command) => {
    command
      .argument("[what]", WHICH)
      .option("--request <id>", "work under this request")
      .option("--role <name>", "with several requests on the resource: the one with this role");
  },
};

export const env: CommandModule = {
  examples: ['eval "$(phi env db-prod)"', "phi env db-prod --json"],
  define: (command) => {
    command
      .argument("[what]", WHICH)
      .option("--request <id>", "work under this request")
      .option("--role <name>", "with several requests on the resource: the one with this role")
      .option("--shell <kind>", "how to write it: sh, fish or json");
  },
};

/** It has no flags. */
export const prompt: CommandModule = { examples: ["PS1='$(phi prompt) '$PS1"], define: () => undefined };
