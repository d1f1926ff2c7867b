import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { AuditExports } from "../ports/audit-log.js";

/** What a destination is given: the event as `GET /v1/audit` gives it, or as `GET /v1/audit/export` writes it in one of its formats. */
export type LineFormat = "json" | "ocsf" | "cloudevents";
/** One line of JSON in ASCII for each event, in their order. */
export type LinesOf = (events: readonly AuditEvent[]) => Promise<readonly string[]>;

/** @param exports the log's own way to write its formats */
export function linesIn(format: LineFormat, exports: AuditExports): LinesOf {
  if (format === "json") return jsonLines;
  return async (events) => {
    const [first, last] = [events[0]?.seq, events.at(-1)?.seq];
    if (first === undefined || last === undefined) return [];
    const pieces: Uint8Array[] = [];
    for await (const { bytes } of exports({ filter: {}, format, after: first - 1, to: last })) pieces.push(bytes);
    const lines = Buffer.concat(pieces).toString("utf8").trimEnd().split("\n").map(ascii);
    // A destination of the log is given every event, so what stands between the first and the last is just these.
    if (lines.length !== events.length) throw new Error(`${lines.length} lines for ${events.length} events`);
    return lines;
  };
}

export const jsonLines: LinesOf = async (events) => events.map((event) => ascii(JSON.stringify(event)));

/** Nothing in it can end the line or act on a terminal. */
function ascii(json: string): string {
  return json.replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
