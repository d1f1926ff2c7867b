import { type CastEvent, type CastHeader, parseCastEvent, parseCastHeader } from "./asciicast.js";

/** What the lines of a recording say, one after the other. What is damaged or not known is passed over. */
export type CastItem =
  | { readonly item: "header"; readonly header: CastHeader }
  | { readonly item: "event"; readonly event: CastEvent };

export function createCastReader(): (line: string) => CastItem | undefined {
  let isBegun = false;
  return (line) => {
    if (!isBegun) {
      isBegun = true;
      const header = parseCastHeader(line);
      return header && { item: "header", header };
    }
    const event = parseCastEvent(line);
    return event && { item: "event", event };
  };
}
