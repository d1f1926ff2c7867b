import { PhiError } from "@phi/shared/errors";

/** What the operator reads when a command fails, and the exit code. */
export function reportError(error: unknown): number {
  if (error instanceof PhiError) {
    process.stderr.write(
      `phi-broker: ${error.message}\n${error.hint === undefined ? "" : `            ${error.hint}\n`}`,
    );
    return error.exit;
  }
  // commander has written its own message already
  if (error instanceof Error && "exitCode" in error && typeof error.exitCode === "number")
    return error.exitCode === 0 ? 0 : 2;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EADDRINUSE" || code === "EACCES") {
    process.stderr.write(
      `phi-broker: the address of \`listen:\` cannot be used (${code}).\n            Choose another port, or stop what has it.\n`,
    );
    return 1;
  }
  process.stderr.write(
    `phi-broker failed; this is a defect of phi: ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return 1;
}
