import { describe, expect, test } from "vitest";
import { createEventStreamReader, type ServerSentEvent } from "./event-stream.js";

function readAll(pieces: string[]): ServerSentEvent[] {
  const reader = createEventStreamReader();
  return pieces.flatMap((piece) => reader.push(piece));
}

describe("the event stream", () => {
  test("gives the same events wherever the network cuts it", () => {
    const text =
      '\ufeffevent: request\r\ndata: {"a":1}\r\n\r\n: beat\r\rdata: one\rdata:two\n\nevent: empty\n\ndata: last\n\n';
    const whole = [
      { event: "request", data: '{"a":1}' },
      { event: "message", data: "one\ntwo" },
      { event: "message", data: "last" },
    ];
    expect(readAll([text])).toEqual(whole);
    expect(readAll([...text])).toEqual(whole);
    for (let cut = 1; cut < text.length; cut++) expect(readAll([text.slice(0, cut), text.slice(cut)])).toEqual(whole);
  });

  test("an event that was not finished is not given", () => {
    expect(readAll(["data: half\n"])).toEqual([]);
  });

  test("refuses to hold more than one event can be", () => {
    const reader = createEventStreamReader();
    expect(() => {
      for (let sent = 0; sent < 40; sent++) reader.push(`data: ${"x".repeat(65_536)}\n`);
    }).toThrow("larger");
    expect(() => createEventStreamReader().push("x".repeat(2_000_000))).toThrow("larger");
  });
});
