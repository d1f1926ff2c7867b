import * as z from "zod";

/** A pass writes down what is so, and leaves the rest empty. */
const said = z
  .boolean()
  .nullable()
  .transform((yes) => yes === true);

/** What one pass did to one role. */
export const passReport = z.object({
  /** Sessions it ended. */
  ended: z
    .int()
    .nullable()
    .transform((count) => count ?? 0),
  /** Nobody can log in with it and no session is left. */
  fenced: said,
  gone: said,
  /** The role was dropped, or found missing, when no create could succeed any more. */
  final: said,
  /** It owns something, or has a prepared transaction: clean, then pass again. */
  dirty: said,
  failure: z
    .object({ step: z.enum(["deny", "kill", "drop", "verify"]), code: z.string(), message: z.string() })
    .nullable(),
});
export type PassReport = z.infer<typeof passReport>;

/** What a pass asks for its reports; sent together with it. */
export const READ_REPORTS = "SELECT current_setting('phi.reports') AS reports";

/** Reads the answer to {@link READ_REPORTS}. */
export function readReports(rows: readonly Record<string, unknown>[], expected: number): PassReport[] {
  return z
    .array(passReport)
    .length(expected)
    .parse(JSON.parse(String(rows[0]?.reports)));
}
