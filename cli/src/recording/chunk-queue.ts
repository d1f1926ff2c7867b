import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { ChunkReply, RecordingFailure } from "@phi/shared/contract/recording";
import type { PhiError } from "@phi/shared/errors";
import { asPhiError } from "../terminal/as-phi-error.js";

const compress = promisify(gzip);
/** Quick rather than small: text of a terminal becomes a fifth already. */
const LEVEL = 3;
/** Bytes of text that may wait here before what produces it is held up, and from which on it goes on. */
const MOST_WAITING = 2 * 1024 * 1024;
const ENOUGH_SENT = MOST_WAITING / 2;
/** Pauses between attempts, in ms. */
const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 2_000;

export interface ChunkQueueOrder {
  /** Sends piece number `n`; sent twice it counts once. */
  readonly send: (n: number, piece: { readonly data: string; readonly last: boolean }) => Promise<ChunkReply>;
  /** What produces is to wait, or may go on. */
  readonly hold: (isHeld: boolean) => void;
  /** The recording cannot go on; told once. */
  readonly broken: (because: RecordingFailure["because"] | "cut", error?: PhiError) => void;
  /** How long one piece may be tried, in ms, before the recording counts as broken: while what produces is held up, and in any case. */
  readonly patience: { readonly held: number; readonly any: number };
  readonly now: () => number;
}

/**
 * The way of the pieces to the broker: one after the other, in order, each until it has arrived. What waits is bounded: a broker
 * that is slower than the command slows the command down (its terminal is not read), and nothing is ever put on a disk,
 * because what was seen in production must not stay behind on a laptop.
 */
export interface ChunkQueue {
  push(piece: { readonly text: string; readonly isLast: boolean }): void;
  /** Resolves when all has arrived or the recording is broken; at the latest after `within` ms. Whether all has arrived. */
  drained(within: number): Promise<boolean>;
}

export function createChunkQueue({ send, hold, broken, patience, now }: ChunkQueueOrder): ChunkQueue {
  const waiting: { readonly text: string; readonly isLast: boolean }[] = [];
  let size = 0;
  let next = 0;
  let isHeld = false;
  let heldSince = 0;
  let isBroken = false;
  let running: Promise<void> | undefined;

  function setHeld(held: boolean): void {
    if (isHeld === held) return;
    isHeld = held;
    heldSince = now();
    hold(held);
  }

  function breakOff(because: RecordingFailure["because"] | "cut", error?: PhiError): void {
    isBroken = true;
    waiting.length = 0;
    size = 0;
    setHeld(false);
    broken(because, error);
  }

  async function drain(): Promise<void> {
    for (let first = waiting[0]; first !== undefined && !isBroken; first = waiting[0]) {
      const { text, isLast } = first;
      const data = (await compress(text, { level: LEVEL })).toString("base64");
      const reply = await sendUntilTaken(data, isLast);
      if (reply === undefined || isBroken) return;
      waiting.shift();
      size -= text.length;
      next += 1;
      if (size <= ENOUGH_SENT) setHeld(false);
      if (reply.state === "cut") breakOff("cut");
    }
  }

  async function sendUntilTaken(data: string, last: boolean): Promise<ChunkReply | undefined> {
    const began = now();
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        return await send(next, { data, last });
      } catch (error) {
        const known = asPhiError(error);
        if (known === undefined) throw error;
        if (!isPassing(known)) return void breakOff("refused", known);
        const isTooLong = now() - began > patience.any || (isHeld && now() - heldSince > patience.held);
        if (isTooLong) return void breakOff("not_sent", known);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (isBroken) return undefined;
    }
  }

  function run(): void {
    running ??= drain()
      .catch(() => breakOff("not_sent"))
      .finally(() => {
        running = undefined;
        if (waiting.length > 0) run();
      });
  }

  async function empty(): Promise<void> {
    while (running !== undefined) await running;
  }

  return {
    push(piece) {
      if (isBroken) return;
      waiting.push(piece);
      size += piece.text.length;
      if (size > MOST_WAITING) setHeld(true);
      run();
    },
    async drained(within) {
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, within);
      });
      await Promise.race([empty(), deadline]);
      clearTimeout(timer);
      return waiting.length === 0 && !isBroken;
    },
  };
}

/** What may be different at the next try. */
function isPassing({ code }: PhiError): boolean {
  return code === "broker_unreachable" || code === "store_unavailable" || code === "too_many_requests";
}
