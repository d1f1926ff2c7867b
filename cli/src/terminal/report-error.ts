import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import { asPhiError } from "./as-phi-error.js";
import { toSafeJson } from "./output.js";
import { stderrStyle } from "./style.js";
import { writeAll } from "./write.js";

export interface ReportOptions {
  /** `--json`: one JSON object instead of sentences, also on stderr. */
  readonly json: boolean;
  readonly noColor: boolean;
  /** `PHI_DEBUG=1`: the stack of a defect. */
  readonly debug: boolean;
  /** Instead of the catalogue's exit code; `phi exec` has codes of its own. */
  readonly exitFor?: ((error: PhiError) => number) | undefined;
}

/** Prints what went wrong, and what to type next, to stderr; gives the exit code. The one way any error of phi is shown. */
export function reportError(error: unknown, options: ReportOptions): number {
  const { text, exit } = errorText(error, options);
  writeAll(2, text);
  return exit;
}

/** The words and the exit code of an error. */
export function errorText(error: unknown, options: ReportOptions): { readonly text: string; readonly exit: number } {
  const known = asPhiError(error) ?? defect(error);
  const exit = options.exitFor?.(known) ?? known.exit;
  const text = options.json ? `${toSafeJson(asJson(known, exit))}\n` : asText(known, options);
  const isDefect = known.code === "internal" && error instanceof Error;
  return { exit, text: options.debug && isDefect ? `${text}${error.stack ?? ""}\n` : text };
}

/** Only the name of what failed: its message may hold anything, a secret too. */
function defect(error: unknown): PhiError {
  const name = error instanceof Error ? error.name : typeof error;
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return new PhiError("internal", `phi failed; this is a defect of phi (${printable(String(code ?? name), 60)}).`, {
    hint: "please report it, with the command and the output of PHI_DEBUG=1",
    cause: error,
  });
}

function asText(error: PhiError, options: ReportOptions): string {
  const style = stderrStyle(options.noColor);
  const hint = error.hint === undefined ? "" : `      ${style.faint(printable(error.hint))}\n`;
  return `${style.bad("phi:")} ${printable(error.message)}\n${hint}`;
}

function asJson(error: PhiError, exit: number): unknown {
  const hint = error.hint === undefined ? {} : { hint: printable(error.hint) };
  const data = error.data === undefined ? {} : { data: error.data };
  return { error: { code: error.code, message: printable(error.message), ...hint, exit, ...data } };
}
