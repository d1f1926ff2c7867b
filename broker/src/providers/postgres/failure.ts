import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import type { Outcome } from "../../ports/provider.js";

type Failed = Extract<Outcome, { outcome: "failed" }>;

export interface Failure {
  readonly class: Failed["class"];
  /** SQLSTATE (PostgreSQL manual, appendix A) or Node's error code. */
  readonly code: string | undefined;
  /** One printable line. Never the statement, its context or the detail of a row: only the server's own sentence. */
  readonly message: string;
}

/** What an error of the driver, of the socket or of the server means for whoever wants to try again. */
export function readFailure(error: unknown): Failure {
  if (error instanceof PhiError) return { class: "connection", code: undefined, message: error.message };
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof message === "string" ? message : "";
  if (typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith("E")) {
    return { class: classOfSqlState(code, text), code, message: sentence(text) };
  }
  const known = typeof code === "string" ? code : undefined;
  return {
    class: "connection",
    code: known,
    message: CONNECTION_TROUBLE[known ?? ""] ?? DRIVERS_WORDS[text] ?? sentence(text, known),
  };
}

/** The class of an error the server reported. */
export function classOfSqlState(code: string, message: string): Failed["class"] {
  // Two writers of one row of the catalogue: an internal error by its code, a lost race by its nature.
  if (code === "XX000" && message.includes("concurrently")) return "busy";
  if (["40001", "40P01", "55P03"].includes(code)) return "busy";
  if (code.startsWith("08") || code.startsWith("57P") || code === "53300") return "connection";
  if (code.startsWith("28") || PERMISSION.includes(code)) return "permission";
  return "other";
}

/** insufficient_privilege, invalid_grant_operation, undefined_object (a group or the graveyard), read_only_sql_transaction */
const PERMISSION = ["42501", "0LP01", "42704", "25006"];

const CONNECTION_TROUBLE: Record<string, string> = {
  ECONNREFUSED: "the connection is refused",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was reset",
  ENOTFOUND: "its host name is not known",
  EAI_AGAIN: "its host name cannot be looked up now",
  ETIMEDOUT: "it does not answer in time",
  EHOSTUNREACH: "its host cannot be reached",
  ENETUNREACH: "its network cannot be reached",
};

/** What the driver says without a code, by its words. */
const DRIVERS_WORDS: Record<string, string> = {
  "Connection terminated due to connection timeout": "it does not answer in time",
  "timeout expired": "it does not answer in time",
  "Connection terminated unexpectedly": "the connection was lost",
  "Connection terminated": "the connection was lost",
};

/** The server's words on one line, bounded, without anything that could act on a terminal. */
export function sentence(message: string, code?: string): string {
  const text = printable(message, 300).trim();
  return text || (code === undefined ? "the connection failed" : `the connection failed (${printable(code, 40)})`);
}

/** The error for a person when issuing or looking fails. Carries no cause: the driver's error holds the statement. */
export function asPhiError(error: unknown): PhiError {
  if (error instanceof PhiError) return error;
  const failure = readFailure(error);
  switch (failure.class) {
    case "connection":
      return new PhiError("target_unavailable", `PostgreSQL cannot be used now: ${failure.message}.`, {
        hint: "try again; if it stays so, ask whoever runs the database",
      });
    case "busy":
      return new PhiError("target_unavailable", `PostgreSQL is busy: ${failure.message}.`, {
        hint: "try again",
        data: { answered: true },
      });
    case "permission":
      return new PhiError("target_refused", `PostgreSQL does not let the broker do this: ${failure.message}.`, {
        hint: "ask whoever runs the broker to run phi-broker config check",
      });
    case "other":
      return new PhiError("target_refused", `PostgreSQL refused: ${failure.message}.`);
  }
}
