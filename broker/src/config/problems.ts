import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";

/** Where in the file: field names and list positions from the top. */
export type Path = readonly (string | number)[];

export interface Problem {
  readonly path: Path;
  /** Finishes the sentence that begins with the path. */
  readonly message: string;
  /** `key`: the name of the last field of the path is what is wrong, not what stands in it. */
  readonly at?: "key" | "value";
}

/** A problem that has found its place in the file. Lines and columns count from 1. */
export interface PlacedProblem {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
}

/** More than this are counted, not listed. */
const LISTED = 100;

/** `resources.db-prod.roles`, `policies[0].name`. */
export function pathInWords(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

/** `phi.yaml:4:7 policies[0].name: is missing`. */
export function problemInWords(file: string, problem: PlacedProblem): string {
  const subject = problem.path === "" ? "" : `${problem.path}: `;
  return printable(`${file}:${problem.line}:${problem.column} ${subject}${problem.message}`, 1_000);
}

/** The one error of a file with mistakes: all of them in the message (a line each) and, for programs, in `data.problems`. */
export function configInvalid(file: string, problems: readonly PlacedProblem[]): PhiError {
  const inOrder = [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
  const lines = inOrder.slice(0, LISTED).map((problem) => problemInWords(file, problem));
  const more = inOrder.length - lines.length;
  if (more > 0) lines.push(`and ${more} more`);
  const count = inOrder.length === 1 ? "1 mistake" : `${inOrder.length} mistakes`;
  return new PhiError("config_invalid", [`${file} has ${count}.`, ...lines].join("\n"), {
    hint: "Every field is described in docs/configuration.md; check again with: phi-broker config check",
    data: { file, problems: inOrder.slice(0, LISTED) },
  });
}
