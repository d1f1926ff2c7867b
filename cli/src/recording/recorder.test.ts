import { LARGEST_CHUNK_TEXT } from "@phi/shared/contract/recording";
import { describe, expect, test } from "vitest";
import { parseCastEvent, parseCastHeader } from "./asciicast.js";
import { createV2Writer } from "./cast-v2.js";
import { createRecorder } from "./recorder.js";

function record(work: (recorder: ReturnType<typeof createRecorder>, wait: (ms: number) => void) => void) {
  const pieces: { text: string; isLast: boolean }[] = [];
  let now = 5_000;
  const recorder = createRecorder({
    header: { columns: 80, rows: 24, terminal: "screen", startedAt: 1_700_000_000_500, command: "psql" },
    now: () => now,
    take: (piece) => pieces.push(piece),
  });
  work(recorder, (ms) => {
    now += ms;
  });
  const lines = pieces
    .map(({ text }) => text)
    .join("")
    .trimEnd()
    .split("\n");
  return { pieces, lines, events: lines.slice(1).map((line) => parseCastEvent(line)) };
}

describe("a recording", () => {
  test("is an asciicast v3: a header, then events with the time since the one before", () => {
    const { lines, events } = record((recorder, wait) => {
      wait(248);
      recorder.output(Buffer.from("\u001b[1mhi\u001b[0m\r\n"));
      wait(1_000.4);
      recorder.resized(90, 30);
      wait(0.4);
      recorder.end("3");
    });
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      version: 3,
      term: { cols: 80, rows: 24, type: "screen" },
      timestamp: 1_700_000_000,
      command: "psql",
    });
    expect(parseCastHeader(lines[0] ?? "")).toMatchObject({ columns: 80, rows: 24, terminal: "screen" });
    expect(events).toEqual([
      { after: 248, code: "o", data: "\u001b[1mhi\u001b[0m\r\n" },
      { after: 1_000, code: "r", data: "90x30" },
      { after: 1, code: "x", data: "3" },
    ]);
  });

  test("gives its header at once, so that the broker knows that it runs", () => {
    expect(record(() => undefined).pieces).toHaveLength(1);
  });

  test("keeps characters whole that come in two reads, and loses none at the end", () => {
    const euro = Buffer.from("€");
    const { events } = record((recorder) => {
      recorder.output(euro.subarray(0, 1));
      recorder.output(euro.subarray(1));
      recorder.output(euro.subarray(0, 2));
      recorder.end("0");
    });
    expect(events.map((event) => event?.data)).toEqual(["€", "\ufffd", "0"]);
  });

  test("comes in pieces of whole lines that stay below the contract's limit, whatever the output is", () => {
    const noise = Buffer.alloc(3_000_000, 0x01);
    const { pieces, events } = record((recorder) => {
      recorder.output(noise);
      recorder.end("0");
    });
    expect(Math.max(...pieces.map(({ text }) => Buffer.byteLength(text)))).toBeLessThanOrEqual(LARGEST_CHUNK_TEXT);
    expect(pieces.every(({ text }) => text.endsWith("\n"))).toBe(true);
    expect(pieces.map(({ isLast }) => isLast)).toEqual(pieces.map((_, at) => at === pieces.length - 1));
    expect(
      events.filter((event) => event?.code === "o").reduce((sum, event) => sum + (event?.data.length ?? 0), 0),
    ).toBe(noise.length);
  });

  test("records what is typed under a code of its own, and nothing after its end", () => {
    const { events } = record((recorder) => {
      recorder.input(Buffer.from("ls\r"));
      recorder.end("0");
      recorder.output(Buffer.from("late"));
      recorder.end("1");
    });
    expect(events.map((event) => [event?.code, event?.data])).toEqual([
      ["i", "ls\r"],
      ["x", "0"],
    ]);
  });

  test("is an asciicast v2 on wish: times from the beginning, no exit status", () => {
    const { lines } = record((recorder, wait) => {
      wait(500);
      recorder.output(Buffer.from("a"));
      wait(250);
      recorder.output(Buffer.from("b"));
      recorder.end("0");
    });
    const writer = createV2Writer();
    expect(lines.map((line) => writer.line(line)).join("")).toBe(
      '{"version":2,"width":80,"height":24,"timestamp":1700000000,"command":"psql","env":{"TERM":"screen"}}\n[0.500, "o", "a"]\n[0.750, "o", "b"]\n',
    );
  });
});

test.each(["", "{}", "[]", '[1,"o"]', '[-1,"o","a"]', '[1,"z","a"]', '["1","o","a"]', "# comment", '[1,"o","a"'])(
  "%j is no event, and stops no reader",
  (line) => expect(parseCastEvent(line)).toBeUndefined(),
);
test.each([
  "",
  "[]",
  '{"version":2,"width":80,"height":24}',
  '{"version":3}',
  '{"version":3,"term":{"cols":0,"rows":1}}',
])("%j is no header", (line) => expect(parseCastHeader(line)).toBeUndefined());
