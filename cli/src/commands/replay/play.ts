import type { Invocation } from "../../invocation.js";
import type { OpenedRecording } from "../../recording/open-recording.js";
import { createPlayer, type Player, type Playing } from "../../recording/player.js";
import { openStage, sizeRemark } from "../../recording/stage.js";
import { endWords } from "../../sessions/session-words.js";
import { say } from "../../terminal/output.js";
import { stopwatch } from "../../terminal/times.js";

export interface PlayFlags {
  readonly speed: number;
  /** In ms; infinite for none. */
  readonly longestStill: number;
}

/** How far an arrow goes, in ms. */
const STEP = 5_000;
const LEAP = 60_000;

/** Plays a recording on the person's terminal, with their keys. */
export async function playRecording(phi: Invocation, recording: OpenedRecording, flags: PlayFlags): Promise<void> {
  const { terminal } = phi;
  let remark: string | undefined;
  const stage = openStage(terminal, { key: (name) => KEYS[name]?.(player), quit: () => player.leave() });
  const player = createPlayer({
    ...flags,
    lines: recording.lines,
    draw: stage.draw,
    header: (header) => {
      remark = sizeRemark(header, terminal);
    },
    changed: (playing) => stage.note(playingWords(playing)),
    now: () => performance.now(),
  });
  let outcome: "ended" | "left";
  try {
    outcome = await player.play();
  } finally {
    stage.leave();
  }
  if (remark !== undefined) say(terminal, phi.paint.talk.faint(remark));
  const { session } = recording;
  const end = outcome === "left" ? "left" : `ended: ${endWords(session)}`;
  say(terminal, phi.paint.talk.faint(`${session.session} of ${session.principal.name}, ${end}`));
}

/** What a key does. Others do nothing. */
const KEYS: Readonly<Record<string, (player: Player) => void>> = {
  " ": (player) => player.toggle(),
  "+": (player) => player.faster(),
  "=": (player) => player.faster(),
  "-": (player) => player.slower(),
  right: (player) => player.seek(STEP),
  left: (player) => player.seek(-STEP),
  up: (player) => player.seek(LEAP),
  down: (player) => player.seek(-LEAP),
};

function playingWords({ at, speed, isPaused }: Playing): string {
  return `${isPaused ? "paused" : "playing"} ${stopwatch(at)}${speed === 1 ? "" : ` ×${speed}`}`;
}
