import { ANSWER_LIMIT, type Answer } from "./transport.js";

/**
 * Reads one HTTP/1.1 response from the bytes of a connection (RFC 9112), strictly: what is ambiguous is refused, because
 * a client that guesses where an answer ends can be made to read somebody else's.
 */
export interface AnswerReader {
  /** Takes the next bytes. Gives the answer when it is complete; throws {@link BadHttp}. */
  push(bytes: Buffer): Answer | undefined;
  /** The connection has ended: completes an answer that was to last until then; throws {@link BadHttp} for one cut short. */
  end(): Answer;
  /** Whether any byte has arrived. */
  readonly hasBegun: boolean;
  /** Whether the connection may serve another call; known when the answer is complete. */
  readonly isReusable: boolean;
}

/** The other side does not speak HTTP/1.1, or too much of it. */
export class BadHttp extends Error {
  override readonly name = "BadHttp";
}

/** Longest status line and headers, in bytes. */
const HEAD_LIMIT = 16_384;

type Body = { by: "length"; bytes: number } | { by: "chunks" } | { by: "close" };
interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly keepsAlive: boolean;
}

export function createAnswerReader(): AnswerReader {
  /** Bytes not understood yet; of a chunked body only what follows the chunks already taken. */
  let pending: Buffer = Buffer.alloc(0);
  const chunks: Buffer[] = [];
  let received = 0;
  let head: Head | undefined;
  let hasBegun = false;
  let isReusable = false;

  function answer(body: Buffer, rest: Buffer): Answer {
    if (body.length > ANSWER_LIMIT) throw new BadHttp(`it is longer than ${ANSWER_LIMIT} bytes`);
    // More than was asked for: what follows belongs to no call of ours, so the connection is not used again.
    isReusable = head?.keepsAlive === true && head.body.by !== "close" && rest.length === 0;
    return { status: head?.status ?? 0, headers: head?.headers ?? {}, text: body.toString("utf8") };
  }

  return {
    push(bytes) {
      hasBegun = true;
      received += bytes.length;
      pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
      while (head === undefined) {
        const end = pending.indexOf("\r\n\r\n");
        if ((end === -1 ? pending.length : end) > HEAD_LIMIT) throw new BadHttp("its headers are too long");
        if (end === -1) return undefined;
        const read = readHead(pending.toString("latin1", 0, end));
        pending = pending.subarray(end + 4);
        // 1xx announces the answer (RFC 9110 §15.2); phi never asks to switch protocols.
        if (read.status === 101) throw new BadHttp("it switches protocols");
        if (read.status >= 200) head = read;
      }
      const { body } = head;
      // Headers and the framing of chunks cost some bytes more than the body.
      if (received > ANSWER_LIMIT * 2) throw new BadHttp(`it is longer than ${ANSWER_LIMIT} bytes`);
      if (body.by === "close") return undefined;
      if (body.by === "length") {
        return pending.length < body.bytes
          ? undefined
          : answer(pending.subarray(0, body.bytes), pending.subarray(body.bytes));
      }
      const { rest, isWhole } = takeChunks(pending, chunks);
      pending = rest;
      return isWhole ? answer(Buffer.concat(chunks), rest) : undefined;
    },
    end() {
      if (head?.body.by !== "close") throw new BadHttp("it was cut");
      return answer(pending, Buffer.alloc(0));
    },
    get hasBegun() {
      return hasBegun;
    },
    get isReusable() {
      return isReusable;
    },
  };
}

function readHead(text: string): Head {
  const [statusLine = "", ...lines] = text.split("\r\n");
  const [, minor, code] = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [\t\u0020-\u007e\u0080-\u00ff]*)?$/.exec(statusLine) ?? [];
  if (code === undefined) throw new BadHttp("it is not HTTP/1.1");
  const status = Number(code);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    // No folding, no blank before the colon (RFC 9112 §5.1, §5.2).
    const [, name, value] =
      /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\u0020-\u007e\u0080-\u00ff]*?)[\t ]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new BadHttp("its headers are malformed");
    const key = name.toLowerCase();
    headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value}` : value;
  }
  if (headers["content-encoding"] !== undefined) throw new BadHttp("it is compressed, which was not asked for");
  const options = (headers.connection ?? "").toLowerCase().split(/[\s,]+/);
  return { status, headers, body: framingOf(status, headers), keepsAlive: minor === "1" && !options.includes("close") };
}

/** RFC 9112 §6.3. */
function framingOf(status: number, headers: Readonly<Record<string, string>>): Body {
  const { "transfer-encoding": coding, "content-length": length } = headers;
  if (status < 200 || status === 204 || status === 304) return { by: "length", bytes: 0 };
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked" || length !== undefined) throw new BadHttp("it is not clear where it ends");
    return { by: "chunks" };
  }
  if (length === undefined) return { by: "close" };
  if (!/^\d{1,15}$/.test(length)) throw new BadHttp("it is not clear where it ends");
  if (Number(length) > ANSWER_LIMIT) throw new BadHttp(`it is longer than ${ANSWER_LIMIT} bytes`);
  return { by: "length", bytes: Number(length) };
}

/**
 * RFC 9112 §7.1: moves the complete chunks at the beginning of `bytes` to `parts`, and gives what follows them. Each chunk
 * is read once: a body of a million tiny ones must not hold up the end of a window.
 */
function takeChunks(bytes: Buffer, parts: Buffer[]): { rest: Buffer; isWhole: boolean } {
  for (let at = 0; ; ) {
    const unread = () => ({ rest: bytes.subarray(at), isWhole: false });
    const end = bytes.indexOf("\r\n", at);
    if (end === -1) return bytes.length - at > 1_024 ? fail() : unread();
    const [, digits] = /^([0-9a-f]{1,6})(?:[\t ]*;[^\r\n]*)?$/i.exec(bytes.toString("latin1", at, end)) ?? [];
    if (digits === undefined) return fail();
    const size = Number.parseInt(digits, 16);
    if (size === 0) {
      // Trailers mean nothing to phi; they end with an empty line.
      const over = bytes.indexOf("\r\n\r\n", end);
      if (over !== -1) return { rest: bytes.subarray(over + 4), isWhole: true };
      return bytes.length - end > HEAD_LIMIT ? fail() : unread();
    }
    const next = end + 2 + size;
    if (bytes.length < next + 2) return unread();
    if (bytes[next] !== 13 || bytes[next + 1] !== 10) return fail();
    parts.push(bytes.subarray(end + 2, next));
    at = next + 2;
  }
}

function fail(): never {
  throw new BadHttp("its chunks are malformed");
}
