import { isErrorCode, PhiError } from "@phi/shared/errors";

/**
 * The error as a `PhiError`, if it is one. By its shape, not by `instanceof`: the lazily loaded half of the program is a
 * bundle of its own with its own copy of the class.
 */
export function asPhiError(error: unknown): PhiError | undefined {
  if (error instanceof PhiError) return error;
  if (!(error instanceof Error) || error.name !== "PhiError" || !("code" in error) || !isErrorCode(error.code))
    return undefined;
  const { hint, data } = error as Partial<PhiError>;
  return new PhiError(error.code, error.message, { hint, data, cause: error.cause });
}
