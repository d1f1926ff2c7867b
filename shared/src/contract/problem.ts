import * as z from "zod";

/** RFC 9457 problem document with the catalogue's code and a hint; `application/problem+json`. */
export const problem = z.object({
  type: z.string().max(256),
  title: z.string().max(256),
  status: z.int().min(400).max(599),
  /** What happened and why, one sentence. */
  detail: z.string().max(4_000),
  /** The catalogue's code. */
  code: z.string().max(64),
  /** What to do or type next. */
  hint: z.string().max(2_000).optional(),
  /** Further facts for programs. */
  data: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.infer<typeof problem>;
