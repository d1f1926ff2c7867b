import type { Problem } from "@phi/shared/contract/problem";
import { CATALOGUE, isErrorCode, PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import { fromJson, isFields, isId, isInstant, isName } from "./answers.js";
import type { Answer } from "./transport.js";

/** What an error message needs to name: where the answer came from, and how to sign in there. */
export interface AnswerContext {
  readonly broker: URL;
  /** The command that signs in again. */
  readonly login: string;
}

/** The problem document (RFC 9457) by hand, as {@link import("@phi/shared/contract/problem").problem} reads it. */
export function parseProblem(value: unknown): Problem | undefined {
  if (!isFields(value)) return undefined;
  const { type, title, status, detail, code, hint, data } = value;
  if (!isText(type, 256) || !isText(title, 256) || !isText(detail, 4_000) || !isText(code, 64)) return undefined;
  if (typeof status !== "number" || !Number.isInteger(status) || status < 400 || status > 599) return undefined;
  if ((hint !== undefined && !isText(hint, 2_000)) || (data !== undefined && !isFields(data))) return undefined;
  return {
    type,
    title,
    status,
    detail,
    code,
    ...(hint === undefined ? {} : { hint }),
    ...(data === undefined ? {} : { data }),
  };
}

/**
 * The error for an answer that is not a success. The broker's own sentence and hint, made printable; a 401 always names
 * the command that signs in again. What is not a problem document is `broker_unreachable` when a gateway in front of the
 * broker answered for it (502, 503, 504), else `bad_answer`.
 */
export function errorFromAnswer(answer: Answer, context: AnswerContext): PhiError {
  const problem = parseProblem(fromJson(answer.text));
  const { status } = answer;
  if (status === 401) {
    const known =
      problem?.code === "sign_in_required" || problem?.code === "id_token_rejected" ? problem.code : "sign_in_expired";
    const said = problem === undefined ? "The sign-in has ended." : printable(problem.detail);
    return new PhiError(known, said, { hint: context.login });
  }
  if (problem === undefined || status < 400) {
    if (status === 502 || status === 503 || status === 504) {
      return new PhiError(
        "broker_unreachable",
        `Something in front of the broker at ${context.broker.origin} answered ${status}: the broker is not behind it now.`,
        {
          hint: `try again, or: curl ${context.broker.origin}/healthz`,
        },
      );
    }
    return badAnswer(context, `it answered with status ${status} and no explanation`);
  }
  if (!isErrorCode(problem.code)) {
    // A newer broker may know more codes than this CLI; its words are still the best there is.
    return new PhiError(status >= 500 ? "internal" : "invalid_input", printable(problem.detail), {
      hint: hintOf(problem),
    });
  }
  return new PhiError(problem.code, printable(problem.detail === "" ? CATALOGUE[problem.code].title : problem.detail), {
    hint: hintOf(problem),
    data: problem.data,
  });
}

/** The error for an answer that does not follow the contract. */
export function badAnswer(context: AnswerContext, what: string): PhiError {
  return new PhiError(
    "bad_answer",
    `The broker at ${context.broker.origin} gave an answer phi does not understand: ${what}.`,
    {
      hint: "check that the address is a phi broker and that CLI and broker are of one version",
    },
  );
}

/** One of several requests that could be meant (`several_usable_requests`, `no_usable_request`). */
export interface RequestChoice {
  readonly request: string;
  readonly resource: string;
  readonly role: string;
  readonly reason?: string;
  readonly expiresAt?: string;
}

/** The choices in a problem's data; what is malformed is left out, and at most 100 are read. */
export function requestChoices(data: unknown): RequestChoice[] {
  if (!Array.isArray(data)) return [];
  return data.slice(0, 100).flatMap((item: unknown) => {
    if (!isFields(item)) return [];
    const { request, resource, role, reason, expiresAt } = item;
    if (!isId("request", request) || !isName(resource) || !isName(role)) return [];
    const optional = {
      ...(typeof reason === "string" ? { reason: printable(reason, 500) } : {}),
      ...(isInstant(expiresAt) ? { expiresAt } : {}),
    };
    return [{ request, resource, role, ...optional }];
  });
}

function hintOf(problem: Problem): string | undefined {
  return problem.hint === undefined ? undefined : printable(problem.hint);
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === "string" && value.length <= longest;
}
