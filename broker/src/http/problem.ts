import type { Problem } from "@phi/shared/contract/problem";
import { CATALOGUE, PhiError } from "@phi/shared/errors";
import type * as z from "zod";
import type { Log } from "../ports/log.js";

/** What went wrong, as an RFC 9457 problem document. What is not a `PhiError` is our defect: its text stays here, in the log. */
export function toProblem(error: unknown, log: Log): Problem {
  const known = error instanceof PhiError ? error : defect(error, log);
  return {
    type: `urn:phi:error:${known.code}`,
    title: CATALOGUE[known.code].title,
    status: known.status,
    detail: known.message,
    code: known.code,
    ...(known.hint === undefined ? {} : { hint: known.hint }),
    ...(known.data === undefined ? {} : { data: known.data }),
  };
}

/** Only the class, the code and where: the message of a foreign error may hold what must not be logged. */
function defect(error: unknown, log: Log): PhiError {
  const name = error instanceof Error ? error.name : typeof error;
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  const at =
    error instanceof Error
      ? (error.stack
          ?.split("\n")
          .filter((line) => /^\s+at /.test(line))
          .slice(0, 6) ?? [])
      : [];
  log.error("defect", { name, code, at: at.map((line) => line.trim()) });
  return new PhiError("internal", "The broker failed; this is a defect of phi.", {
    hint: "The broker's log says where. Nothing was left half recorded.",
  });
}

/** All that is wrong with an input, each with its place, in one error. */
export function inputError(error: z.ZodError): PhiError {
  const issues = error.issues.slice(0, 20).map((issue) => ({ at: issue.path.join("."), message: issue.message }));
  const text = issues.map(({ at, message }) => (at === "" ? message : `${at}: ${message}`)).join("; ");
  return new PhiError("invalid_input", `The input is not valid: ${text}`, { data: { issues } });
}
