import { PhiError } from "@phi/shared/errors";

/** One dispatched event; `data` is what the `data:` lines said, joined by line feeds. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** Characters of one event, and so of what is kept in memory at any moment. */
const LARGEST_EVENT = 1_048_576;

/**
 * Reads `text/event-stream` piece by piece (WHATWG HTML, "Server-sent events", §9.2.5–9.2.6): lines end in LF, CR or CRLF,
 * an empty line dispatches, a line that starts with a colon is a comment, an event without data is none. `id` and `retry`
 * are not used: phi's stream begins with the whole present state each time. Throws `bad_answer` above the limit.
 */
export function createEventStreamReader(): { push(piece: string): ServerSentEvent[] } {
  let rest = "";
  let started = false;
  let event = "";
  let data: string[] = [];
  let size = 0;

  const takeLine = (line: string): ServerSentEvent | undefined => {
    if (line === "") {
      const dispatched =
        data.length > 0 ? { event: event === "" ? "message" : event, data: data.join("\n") } : undefined;
      event = "";
      data = [];
      size = 0;
      return dispatched;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    size += line.length;
    if (field === "event") event = value;
    if (field === "data") data.push(value);
    return undefined;
  };

  return {
    push(piece) {
      let text = rest + piece;
      if (!started && text !== "") {
        started = true;
        if (text.startsWith("\ufeff")) text = text.slice(1);
      }
      const events: ServerSentEvent[] = [];
      // A CR at the very end may be half of a CRLF: it waits for the next piece.
      const lines = /([^\r\n]*)(?:\r\n|\n|\r(?!$))/g;
      let read = 0;
      for (let found = lines.exec(text); found !== null; found = lines.exec(text)) {
        read = lines.lastIndex;
        const dispatched = takeLine(found[1] ?? "");
        if (dispatched !== undefined) events.push(dispatched);
        if (size > LARGEST_EVENT) throw tooLarge();
      }
      rest = text.slice(read);
      if (rest.length + size > LARGEST_EVENT) throw tooLarge();
      return events;
    },
  };
}

function tooLarge(): PhiError {
  return new PhiError("bad_answer", "The broker sent an event that is larger than any request can be.");
}
