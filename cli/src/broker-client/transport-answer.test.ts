import { describe, expect, it } from "vitest";
import { ANSWER_LIMIT } from "./transport.js";
import { BadHttp, createAnswerReader } from "./transport-answer.js";

/** Reads a response that arrives in pieces of `size` bytes. */
function read(wire: string, size = wire.length, isClosed = false) {
  const reader = createAnswerReader();
  const bytes = Buffer.from(wire, "latin1");
  let answer: ReturnType<typeof reader.push>;
  for (let at = 0; at < bytes.length && answer === undefined; at += size)
    answer = reader.push(bytes.subarray(at, at + size));
  return { answer: answer ?? (isClosed ? reader.end() : undefined), isReusable: reader.isReusable };
}

const LENGTH =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-A:  1 \r\nx-a: 2\r\nContent-Length: 7\r\n\r\n{"a":1}';
const CHUNKS =
  'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4;x=y\r\n":1}\r\n0\r\nTrailer: x\r\n\r\n';

describe("one HTTP/1.1 answer", () => {
  it.each([1, 2, 3, 7, 1_000])("is the same however it is cut: in pieces of %i bytes", (size) => {
    expect(read(LENGTH, size)).toEqual({
      answer: {
        status: 200,
        headers: { "content-type": "application/json", "content-length": "7", "x-a": "1, 2" },
        text: '{"a":1}',
      },
      isReusable: true,
    });
    expect(read(CHUNKS, size)).toMatchObject({ answer: { status: 201, text: '{"a":1}' }, isReusable: true });
    expect(
      read(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${LENGTH}`, size).answer?.status,
    ).toBe(200);
  });

  it("ends where HTTP says: without a body, by length, by chunks, or by the end of the connection", () => {
    expect(read("HTTP/1.1 204 No Content\r\n\r\n").answer).toMatchObject({ status: 204, text: "" });
    expect(read("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n").answer).toMatchObject({
      status: 204,
      text: "",
    });
    expect(read("HTTP/1.1 200 OK\r\n\r\nab", 1, true)).toEqual({
      answer: { status: 200, headers: {}, text: "ab" },
      isReusable: false,
    });
  });

  it("says whether the connection may be used again", () => {
    expect(read(LENGTH.replace("X-A:  1 ", "Connection: close")).isReusable).toBe(false);
    expect(read(LENGTH.replace("HTTP/1.1", "HTTP/1.0")).isReusable).toBe(false);
    // Bytes after the answer belong to no call of ours.
    expect(read(`${LENGTH}HTTP/1.1 200 OK\r\n\r\n`).isReusable).toBe(false);
  });

  it("made of a third of a million chunks costs for each what it does in one of a tenth of them", () => {
    const cost = (chunks: number) => {
      const wire = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"1\r\nx\r\n".repeat(chunks)}0\r\n\r\n`;
      const before = process.cpuUsage();
      expect(read(wire, 1_460)).toMatchObject({ answer: { text: "x".repeat(chunks) }, isReusable: true });
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const tenth = cost(34_000);
    // Were the whole read again for each chunk, it would be a hundred times as much.
    expect(cost(340_000)).toBeLessThan(40 * tenth);
  });

  it("reads UTF-8 that is cut in the middle of a character", () => {
    const body = Buffer.from("ü€🦊", "utf8");
    expect(
      read(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body.toString("latin1")}`, 1).answer?.text,
    ).toBe("ü€🦊");
  });

  it.each([
    ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ["HTTP/2", "HTTP/2 200\r\n\r\n"],
    ["a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    ["a folded header", "HTTP/1.1 200 OK\r\na: 1\r\n b\r\nContent-Length: 0\r\n\r\n"],
    ["a blank before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n"],
    ["a bare line feed", "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"],
    ["length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"],
    ["a signed length", "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc"],
    ["another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"],
    ["compression", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"],
    [
      "a chunk that is longer than it says",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    ],
    ["a chunk size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n"],
    ["a huge length", `HTTP/1.1 200 OK\r\nContent-Length: ${ANSWER_LIMIT + 1}\r\n\r\n`],
    ["endless headers", `HTTP/1.1 200 OK\r\n${"a: b\r\n".repeat(5_000)}`],
  ])("is refused with %s", (_name, wire) => {
    expect(() => read(wire)).toThrow(BadHttp);
    expect(() => read(wire, 1)).toThrow(BadHttp);
  });

  it("is refused when it was cut, and when it never ends", () => {
    expect(() => read(LENGTH.slice(0, -1), 10, true)).toThrow(BadHttp);
    expect(() => read(CHUNKS.slice(0, -3), 10, true)).toThrow(BadHttp);
    expect(() => read(`HTTP/1.1 200 OK\r\n\r\n${"x".repeat(ANSWER_LIMIT * 2 + 1)}`, 65_536, true)).toThrow(BadHttp);
    expect(() =>
      read(
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"fffff\r\n".concat("x".repeat(0xfffff), "\r\n").repeat(3)}`,
        65_536,
      ),
    ).toThrow(BadHttp);
  });
});
