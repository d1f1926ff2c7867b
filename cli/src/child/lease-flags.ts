import { PhiError } from "@phi/shared/errors";
import { nearest, printable } from "@phi/shared/text";
import type { Peek } from "../argv.js";

export interface LeaseFlags {
  /** The word without a dash: a resource or a request. */
  readonly what: string | undefined;
  /** `--request ID`. */
  readonly request: string | undefined;
  /** `--role R`. */
  readonly role: string | undefined;
  /** Values of the further options that the command takes, by their name without dashes. */
  readonly options: Readonly<Record<string, string>>;
}

/** What a command takes beside `--request` and `--role`: options with a value; and its usage line for errors. */
export interface LeaseFlagRules {
  readonly usage: string;
  readonly takes: readonly string[];
}

/** Reads what stands between the command word and `--`. Throws `usage` for everything it does not know. */
export function readLeaseFlags({ args }: Peek, { usage, takes }: LeaseFlagRules): LeaseFlags {
  const known = ["request", "role", ...takes];
  const options: Record<string, string> = {};
  let what: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const text = args[index] ?? "";
    const [, name, attached] = /^--([a-z-]+)(?:=(.*))?$/s.exec(text) ?? [];
    if (name !== undefined && known.includes(name)) {
      const value = attached ?? args[++index];
      if (value === undefined || value === "") throw new PhiError("usage", `--${name} needs a value.`, { hint: usage });
      options[name] = value;
    } else if (text.startsWith("-")) {
      throw unknownFlag(text, name, known, usage);
    } else if (what === undefined) {
      what = text;
    } else {
      throw new PhiError("usage", `"${printable(text, 60)}" is one word too many: a command to run stands after --.`, {
        hint: usage,
      });
    }
  }
  const { request, role, ...rest } = options;
  return { what, request, role, options: rest };
}

const GLOBAL_FLAGS = ["profile", "broker", "json", "no-input", "no-color", "quiet", "help"];

function unknownFlag(text: string, name: string | undefined, known: readonly string[], usage: string): PhiError {
  if (name !== undefined && GLOBAL_FLAGS.includes(name))
    return new PhiError("usage", `--${name} needs a value.`, { hint: usage });
  const near = name === undefined ? undefined : nearest(name, [...known, ...GLOBAL_FLAGS]);
  return new PhiError(
    "usage",
    `There is no flag ${printable(text, 60)}.${near === undefined ? "" : ` Did you mean --${near}?`}`,
    { hint: usage },
  );
}
