import { parseCastEvent, parseCastHeader } from "./asciicast.js";

/**
 * Turns lines of an asciicast v3 into v2 (https://docs.asciinema.org/manual/asciicast/v2), which older players read: times count
 * from the beginning, and there is no exit status.
 */
export function createV2Writer(): { line(v3: string): string } {
  let isBegun = false;
  let at = 0;
  return {
    line(v3) {
      if (!isBegun) {
        isBegun = true;
        const header = parseCastHeader(v3);
        if (header === undefined) return "";
        const { columns: width, rows: height, terminal, startedAt, command } = header;
        return `${JSON.stringify({
          version: 2,
          width,
          height,
          ...(startedAt === undefined ? {} : { timestamp: Math.floor(startedAt / 1000) }),
          ...(command === undefined ? {} : { command }),
          ...(terminal === undefined ? {} : { env: { TERM: terminal } }),
        })}\n`;
      }
      const event = parseCastEvent(v3);
      if (event === undefined) return "";
      at += event.after;
      return event.code === "x" ? "" : `[${(at / 1000).toFixed(3)}, "${event.code}", ${JSON.stringify(event.data)}]\n`;
    },
  };
}
