import type { SessionView } from "@phi/shared/contract/session";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { createDrawingFilter } from "../recording/drawing-only.js";
import { createCastReader } from "../recording/events.js";
import { openStage, sizeRemark } from "../recording/stage.js";
import { unpack } from "../recording/unpack.js";
import { endWords } from "../sessions/session-words.js";
import { readSessionId } from "../sessions/typed-session.js";
import { listenForInterrupt } from "../terminal/interrupted.js";
import { say } from "../terminal/output.js";

export const examples = ["phi sessions --live", "phi watch ses_7k3m"];

export function define(command: Command, run: Run): void {
  command
    .argument("<session>", "a session that runs, or the beginning of its id")
    .addHelpText(
      "after",
      "\nThe screen as it is, then everything as it comes, about a second late. q leaves; the session goes on.\nOff a terminal, and with --json, the lines of the asciicast are written to stdout as they come.",
    )
    .action((session: string) => run((phi) => watch(phi, session)));
}

async function watch(phi: Invocation, typed: string): Promise<number> {
  const id = readSessionId(phi, typed);
  const isDrawn = phi.terminal.stdout.isTTY === true && !phi.terminal.json;
  return isDrawn ? watchOnScreen(phi, id) : watchLines(phi, id);
}

async function watchLines(phi: Invocation, id: string): Promise<number> {
  const interrupt = listenForInterrupt();
  try {
    for await (const news of await phi.followRecording(id, interrupt.signal)) {
      if (news.news === "piece") phi.terminal.stdout.write(await unpack(news.piece));
    }
    return 0;
  } finally {
    interrupt.release();
  }
}

async function watchOnScreen(phi: Invocation, id: string): Promise<number> {
  const { terminal } = phi;
  const leave = new AbortController();
  const filter = createDrawingFilter();
  const read = createCastReader();
  let remark: string | undefined;
  let ended: SessionView | undefined;
  const following = await phi.followRecording(id, leave.signal);
  const stage = openStage(terminal, { key: () => undefined, quit: () => leave.abort() });
  try {
    let isFirst = true;
    for await (const news of following) {
      if (news.news === "interrupted") stage.note("the broker does not answer; trying again");
      else if (news.news === "ended") ended = news.session;
      else {
        if (isFirst) stage.draw("\u001b[2J\u001b[H");
        isFirst = false;
        for (const line of (await unpack(news.piece)).split("\n")) {
          const found = read(line);
          if (found?.item === "header") remark = sizeRemark(found.header, terminal);
          else if (found?.event.code === "o") stage.draw(filter.push(found.event.data));
        }
      }
    }
  } finally {
    stage.leave();
  }
  if (remark !== undefined) say(terminal, phi.paint.talk.faint(remark));
  say(
    terminal,
    phi.paint.talk.faint(
      ended === undefined ? `${id} goes on` : `${ended.session} of ${ended.principal.name} ended: ${endWords(ended)}`,
    ),
  );
  return 0;
}
