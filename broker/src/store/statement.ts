/** What a column can hold. Instants are integer milliseconds, lists and records are JSON text. */
export type Value = string | number | null | Uint8Array;

/** SQL with a place for each value: values travel beside the text, never in it, so that texts repeat and stay prepared. */
export interface Statement {
  readonly sql: string;
  readonly args: readonly Value[];
}

/** The values of one row, in the order in which the statement names them. */
export type Row = readonly Value[];

/** What came of one statement. */
export interface Answer {
  readonly rows: readonly Row[];
  /** How many rows it changed. */
  readonly changes: number;
}
