import { StringDecoder } from "node:string_decoder";
import { type CastCode, type CastHeader, castEventLine, castHeaderLine } from "./asciicast.js";

/** Turns what a terminal shows into pieces of an asciicast, each of whole lines. */
export interface Recorder {
  output(bytes: Buffer): void;
  input(bytes: Buffer): void;
  resized(columns: number, rows: number): void;
  /** A remark at this point of the recording. */
  mark(text: string): void;
  /** The last piece, whatever it holds. Nothing can be recorded afterwards. */
  end(status: string): void;
}

export interface RecorderOrder {
  readonly header: CastHeader;
  /** A clock that only goes forward, in ms. */
  readonly now: () => number;
  readonly take: (piece: { readonly text: string; readonly isLast: boolean }) => void;
}

/** A piece is given on when it has so many bytes … */
const FULL = 128 * 1024;
/** … or when its first line is this old, in ms: who watches sees it so late, and a broken CLI has lost no more. */
const OLDEST = 1_000;
/** Bytes of output in one line: JSON makes at most six of one, so that a piece stays below its limit (contract). */
const LONGEST_OUTPUT = 16 * 1024;

export function createRecorder({ header, now, take }: RecorderOrder): Recorder {
  const began = now();
  const decoders = { o: new StringDecoder("utf8"), i: new StringDecoder("utf8") };
  let last = 0;
  let lines: string[] = [castHeaderLine(header)];
  let size = Buffer.byteLength(lines[0] ?? "");
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;

  // The header goes out at once: from then on the broker knows that the recording runs.
  flush(false);

  function flush(isLast: boolean): void {
    clearTimeout(timer);
    timer = undefined;
    if (lines.length === 0 && !isLast) return;
    const text = lines.join("");
    lines = [];
    size = 0;
    take({ text, isLast });
  }

  function add(code: CastCode, data: string): void {
    if (isOver || data === "") return;
    // Rounded from the beginning, so that a thousand events do not add up their roundings.
    const at = Math.round(now() - began);
    const line = castEventLine({ after: Math.max(0, at - last), code, data });
    last = Math.max(last, at);
    lines.push(line);
    size += Buffer.byteLength(line);
    if (size >= FULL) flush(false);
    else timer ??= setTimeout(() => flush(false), OLDEST).unref();
  }

  function addBytes(code: "o" | "i", bytes: Buffer): void {
    for (let from = 0; from < bytes.length; from += LONGEST_OUTPUT)
      add(code, decoders[code].write(bytes.subarray(from, from + LONGEST_OUTPUT)));
  }

  return {
    output: (bytes) => addBytes("o", bytes),
    input: (bytes) => addBytes("i", bytes),
    resized: (columns, rows) => add("r", `${columns}x${rows}`),
    mark: (text) => add("m", text),
    end(status) {
      if (isOver) return;
      add("o", decoders.o.end());
      add("i", decoders.i.end());
      add("x", status);
      isOver = true;
      flush(true);
    },
  };
}
