/**
 * asciicast v3 (https://docs.asciinema.org/manual/asciicast/v3): a header line, then a line for each event, which says how many
 * seconds after the one before it came.
 */

export interface CastHeader {
  readonly columns: number;
  readonly rows: number;
  /** `TERM` of the recorded terminal. */
  readonly terminal?: string | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt?: number | undefined;
  /** Redacted. */
  readonly command?: string | undefined;
}

/** Output, input, resize (`80x24`), marker, exit status. */
export const CAST_CODES = ["o", "i", "r", "m", "x"] as const;
export type CastCode = (typeof CAST_CODES)[number];

export interface CastEvent {
  /** Milliseconds since the event before, or since the beginning. */
  readonly after: number;
  readonly code: CastCode;
  readonly data: string;
}

/** Larger terminals do not exist; the numbers of a file from outside are bounded by it. */
const LARGEST_SIDE = 10_000;

/** With its line end, as {@link castEventLine}. */
export function castHeaderLine({ columns, rows, terminal, startedAt, command }: CastHeader): string {
  return `${JSON.stringify({
    version: 3,
    term: { cols: columns, rows, ...(terminal === undefined ? {} : { type: terminal }) },
    ...(startedAt === undefined ? {} : { timestamp: Math.floor(startedAt / 1000) }),
    ...(command === undefined ? {} : { command }),
  })}\n`;
}

export function castEventLine({ after, code, data }: CastEvent): string {
  return `[${(after / 1000).toFixed(3)}, "${code}", ${JSON.stringify(data)}]\n`;
}

/** Reads the first line; `undefined` when it is not of an asciicast v3. */
export function parseCastHeader(line: string): CastHeader | undefined {
  const value = fromJson(line);
  if (typeof value !== "object" || value === null || !("version" in value) || value.version !== 3) return undefined;
  const { term, timestamp, command } = value as Record<string, unknown>;
  if (typeof term !== "object" || term === null) return undefined;
  const { cols: columns, rows, type: terminal } = term as Record<string, unknown>;
  if (!isSide(columns) || !isSide(rows)) return undefined;
  return {
    columns,
    rows,
    ...(typeof terminal === "string" ? { terminal } : {}),
    ...(typeof timestamp === "number" && Number.isSafeInteger(timestamp * 1000) ? { startedAt: timestamp * 1000 } : {}),
    ...(typeof command === "string" ? { command } : {}),
  };
}

/** Reads any further line; `undefined` for a comment, for codes that are not known, and for what is damaged. */
export function parseCastEvent(line: string): CastEvent | undefined {
  const value = line.startsWith("[") ? fromJson(line) : undefined;
  if (!Array.isArray(value)) return undefined;
  const [interval, written, data] = value as unknown[];
  const code = CAST_CODES.find((known) => known === written);
  if (typeof interval !== "number" || !(interval >= 0) || code === undefined || typeof data !== "string")
    return undefined;
  return { after: Math.round(interval * 1000), code, data };
}

/** The size that a resize event says. */
export function parseSize(data: string): { readonly columns: number; readonly rows: number } | undefined {
  const [, columns, rows] = /^(\d{1,5})x(\d{1,5})$/.exec(data) ?? [];
  const size = { columns: Number(columns), rows: Number(rows) };
  return isSide(size.columns) && isSide(size.rows) ? size : undefined;
}

function isSide(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value <= LARGEST_SIDE;
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
