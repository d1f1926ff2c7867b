import type { CastHeader } from "./asciicast.js";
import { createDrawingFilter } from "./drawing-only.js";
import { createCastReader } from "./events.js";

/** Where a replay stands. Times in ms of the recording. */
export interface Playing {
  readonly at: number;
  readonly speed: number;
  readonly isPaused: boolean;
}

export interface PlayerOrder {
  /** All lines from the beginning, each time anew. */
  readonly lines: () => AsyncIterable<string>;
  readonly draw: (text: string) => void;
  readonly header: (header: CastHeader) => void;
  /** Something was changed by hand. */
  readonly changed: (playing: Playing) => void;
  /** A clock that only goes forward, in ms. */
  readonly now: () => number;
  readonly speed: number;
  /** A stillness lasts no longer than this, in ms of the recording. */
  readonly longestStill: number;
}

/** A recording that is being played. All of its methods may be called at any time. */
export interface Player {
  /** Resolves at the end of the recording, or when it was left. Rejects with what reading the lines rejects with. */
  play(): Promise<"ended" | "left">;
  toggle(): void;
  faster(): void;
  slower(): void;
  /** Forward, or back when it is negative; ms of the recording. */
  seek(by: number): void;
  leave(): void;
}

const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 20, 50, 100];
/** In ms. */
const NOTE_STAYS = 1_000;
/** An empty screen, as a recording begins with: plain text, all of the screen, the cursor shown. */
const EMPTY = "\u001b[?1049l\u001b[0m\u001b[r\u001b[?6l\u001b[?7h\u001b[?25h\u001b(B\u000f\u001b[2J\u001b[H";

export function createPlayer(order: PlayerOrder): Player {
  // The recording's time is `base` at `since`, and passes `speed` times as fast as ours.
  let base = 0;
  let since = order.now();
  let { speed } = order;
  let isPaused = false;
  let isLeft = false;
  let shown = 0;
  /** When the note over the picture has been seen for long enough. */
  let cleanAt = Number.POSITIVE_INFINITY;
  let wake = () => {};

  const time = () => (isPaused ? base : base + (order.now() - since) * speed);
  function change(work: () => void): void {
    base = time();
    since = order.now();
    work();
    cleanAt = order.now() + NOTE_STAYS;
    wake();
    order.changed({ at: base, speed, isPaused });
  }

  /** Plays from the beginning; what is before the present time comes at once. */
  async function run(): Promise<"ended" | "left" | "back"> {
    const filter = createDrawingFilter();
    const read = createCastReader();
    let at = 0;
    shown = 0;
    order.draw(EMPTY);
    for await (const line of order.lines()) {
      const found = read(line);
      if (found === undefined) continue;
      if (found.item === "header") {
        order.header(found.header);
        continue;
      }
      at += Math.min(found.event.after, order.longestStill);
      while (!isLeft && at > time() && !mustGoBack()) await soon((at - time()) / speed);
      if (isLeft) return "left";
      if (mustGoBack()) return "back";
      shown = at;
      if (found.event.code === "o") order.draw(filter.push(found.event.data));
    }
    return "ended";
  }

  /** The time is before what is shown, or the picture has a note on it that was seen. */
  function mustGoBack(): boolean {
    if (shown > time()) return true;
    if (isPaused || order.now() < cleanAt) return false;
    cleanAt = Number.POSITIVE_INFINITY;
    return true;
  }

  /** At the latest after `ms`, which are for ever while it is paused; sooner when something changes. */
  function soon(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = isPaused ? undefined : setTimeout(resolve, Math.min(Math.max(ms, 1), 250));
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    async play() {
      since = order.now();
      for (;;) {
        const outcome = await run();
        if (outcome !== "back") return outcome;
      }
    },
    toggle: () =>
      change(() => {
        isPaused = !isPaused;
      }),
    faster: () =>
      change(() => {
        speed = SPEEDS.find((one) => one > speed) ?? speed;
      }),
    slower: () =>
      change(() => {
        speed = SPEEDS.findLast((one) => one < speed) ?? speed;
      }),
    seek: (by) =>
      change(() => {
        base = Math.max(0, base + by);
      }),
    leave() {
      isLeft = true;
      wake();
    },
  };
}
