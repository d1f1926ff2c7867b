import { describe, expect, test } from "vitest";
import { castEventLine, castHeaderLine } from "./asciicast.js";
import { createPlayer, type Playing } from "./player.js";

/** A minute with a letter every second, then a stillness of an hour and the end. */
const LINES = [
  castHeaderLine({ columns: 80, rows: 24 }),
  ...Array.from({ length: 60 }, (_, n) =>
    castEventLine({ after: 1_000, code: "o", data: String.fromCharCode(65 + (n % 26)) }),
  ),
  castEventLine({ after: 3_600_000, code: "o", data: "!" }),
  castEventLine({ after: 0, code: "x", data: "0" }),
].map((line) => line.trimEnd());

/** Runs at `rate` times the real speed of time, so that an hour of the recording is a test. */
function playing(options: { speed?: number; longestStill?: number; rate?: number } = {}) {
  const { speed = 1, longestStill = 5_000, rate = 1_000 } = options;
  let drawn = "";
  const changes: Playing[] = [];
  const began = performance.now();
  const player = createPlayer({
    async *lines() {
      yield* LINES;
    },
    draw: (text) => {
      // The empty screen: a beginning.
      drawn = text.includes("\u001b[2J") ? "" : drawn + text;
    },
    header: () => undefined,
    changed: (one) => changes.push(one),
    now: () => (performance.now() - began) * rate,
    speed,
    longestStill,
  });
  return { player, drawn: () => drawn, changes };
}

const text = LINES.slice(1, 61)
  .map((_, n) => String.fromCharCode(65 + (n % 26)))
  .join("");

describe("a replay", () => {
  test("shows everything in order, and cuts long stillness", async () => {
    const { player, drawn } = playing();
    const began = performance.now();
    expect(await player.play()).toBe("ended");
    expect(drawn()).toBe(`${text}!`);
    // 60 s and 5 s of the recording at a thousand times its speed; without the cut it would be 3.6 s more.
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  test("pauses, goes forward at once, and back by beginning anew: the picture is the same", async () => {
    const { player, drawn, changes } = playing({ rate: 1 });
    const over = player.play();
    player.toggle();
    expect(changes.at(-1)).toMatchObject({ isPaused: true });
    player.seek(30_000);
    await expect.poll(drawn).toBe(text.slice(0, 30));
    player.seek(-10_000);
    await expect.poll(drawn).toBe(text.slice(0, 20));
    player.seek(-1_000_000);
    await expect.poll(drawn).toBe("");
    expect(changes.at(-1)).toMatchObject({ at: 0, isPaused: true });
    player.seek(1_000_000);
    expect(await over).toBe("ended");
    expect(drawn()).toBe(`${text}!`);
  });

  test("can be left at any time, paused too", async () => {
    const { player } = playing({ rate: 1 });
    const over = player.play();
    player.toggle();
    player.leave();
    expect(await over).toBe("left");
  });

  test("is as fast as asked, within bounds", () => {
    const { player, changes } = playing({ rate: 1 });
    for (let n = 0; n < 30; n++) player.faster();
    expect(changes.at(-1)?.speed).toBe(100);
    for (let n = 0; n < 30; n++) player.slower();
    expect(changes.at(-1)?.speed).toBe(0.1);
  });
});
