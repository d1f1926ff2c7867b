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
      const text = takeMark(rest + piece);
      const events: ServerSentEvent[] = [];
      let read = 0;
      // What was there before holds no line end, but for a CR that waited for its LF: every character is looked at once.
      const ends = /\r\n|\n|\r(?!$)/g;
      ends.lastIndex = Math.max(0, text.length - piece.length - 1);
      for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
        const dispatched = takeLine(text.slice(read, end.index));
        read = ends.lastIndex;
        if (dispatched !== undefined) events.push(dispatched);
        if (size > LARGEST_EVENT) throw tooLarge();
      }
      rest = text.slice(read);
      if (rest.length + size > LARGEST_EVENT) throw tooLarge();
      return events;
    },
  };

  /** A byte-order mark at the very beginning is no part of the first line. */
  function takeMark(text: string): string {
    if (started || text === "") return text;
    started = true;
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  }
}

function tooLarge(): PhiError {
  return new PhiError("bad_answer", "The broker sent an event that is larger than any request can be.");
}
