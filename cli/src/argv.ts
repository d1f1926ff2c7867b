/**
 * A peek at the words of the command line, enough to find the command and the global flags. The hot commands
 * (`exec`, `shell`, `env`, `prompt`) and `--version` are parsed from it; every other command goes, with its words
 * untouched, to the program (`program.ts`), which knows them all.
 */

/** The flags that every command takes, joined with the environment. A flag beats its variable. */
export interface Globals {
  /** `--profile P`, else `PHI_PROFILE`. As typed: `resolveProfileName` judges it. */
  readonly profile: string | undefined;
  /** `--broker URL`, else `PHI_BROKER`. As typed: `parseBrokerUrl` judges it. */
  readonly broker: string | undefined;
  readonly json: boolean;
  /** `--no-input` or `PHI_NO_INPUT`: never ask. */
  readonly noInput: boolean;
  /** `--no-color`, `NO_COLOR` or `TERM=dumb`. */
  readonly noColor: boolean;
  readonly quiet: boolean;
}

export interface Peek {
  /** The command word, if there is one. */
  readonly word: string | undefined;
  readonly globals: Globals;
  /** `-h` or `--help` stands before `--`. */
  readonly help: boolean;
  /** `--version` or `-V` stands before the command word. */
  readonly version: boolean;
  /** What follows the command word up to `--`, without the global flags. */
  readonly args: readonly string[];
  /** What follows `--`; `undefined` when there is no `--`. */
  readonly tail: readonly string[] | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `words` are the arguments after the program's own name. Never throws: what is odd is left in `args` to be judged. */
export function peekArgv(words: readonly string[], env: Environment): Peek {
  const separator = words.indexOf("--");
  const head = separator === -1 ? words : words.slice(0, separator);
  const tail = separator === -1 ? undefined : words.slice(separator + 1);
  const values: { profile?: string; broker?: string } = {};
  const set = { json: false, noInput: false, noColor: false, quiet: false, help: false, version: false };
  const args: string[] = [];
  let word: string | undefined;

  for (let index = 0; index < head.length; index++) {
    const text = head[index] ?? "";
    const valued = /^--(profile|broker)(?:=(.*))?$/s.exec(text);
    const flag = FLAGS[text];
    if (valued !== null) {
      const value = valued[2] ?? head[index + 1];
      if (value === undefined) args.push(text);
      else values[valued[1] as "profile" | "broker"] = value;
      if (valued[2] === undefined) index++;
    } else if (flag !== undefined && (flag !== "version" || word === undefined)) {
      set[flag] = true;
    } else if (word === undefined && !text.startsWith("-")) {
      word = text;
    } else {
      args.push(text);
    }
  }

  return {
    word,
    help: set.help,
    version: set.version,
    args,
    tail,
    globals: {
      profile: values.profile ?? given(env.PHI_PROFILE),
      broker: values.broker ?? given(env.PHI_BROKER),
      json: set.json,
      noInput: set.noInput || given(env.PHI_NO_INPUT) !== undefined,
      noColor: set.noColor || given(env.NO_COLOR) !== undefined || env.TERM === "dumb",
      quiet: set.quiet,
    },
  };
}

const FLAGS: Readonly<Record<string, "json" | "noInput" | "noColor" | "quiet" | "help" | "version">> = {
  __proto__: null as never,
  "--json": "json",
  "--no-input": "noInput",
  "--no-color": "noColor",
  "--quiet": "quiet",
  "-q": "quiet",
  "--help": "help",
  "-h": "help",
  "--version": "version",
  "-V": "version",
};

/** An empty variable counts as not set (https://no-color.org). */
function given(value: string | undefined): string | undefined {
  return value === undefined || value === "" ? undefined : value;
}
