import { gzipSync } from "node:zlib";
import type { ChunkReply } from "@phi/shared/contract/recording";
import pg from "pg";
import type { People } from "./case.js";
import { approve, ask, hand, must, untilOver, untilRevoked } from "./steps.js";
import type { Promised, Story } from "./stories.js";

/** One piece of a recording, in its turn; what was taken is there for good. */
async function send(people: People, promised: Promised[], session: string, n: number, last: boolean): Promise<void> {
  const data = gzipSync(`[0.1, "o", "piece ${n}"]\n`).toString("base64");
  await must<ChunkReply>(people.alice, `/v1/sessions/${session}/recording/chunks/${n}`, { data, last });
  promised.push({ kind: "recording", id: session, pieces: n + 1 });
  if (last) promised.push({ kind: "session.recorded", id: session });
}

/** What is done with a credential, and what is seen of it. */
export const sessionStories: Readonly<Record<string, Story>> = {
  "a session that is recorded": {
    tell: async (people, promised) => {
      const request = await ask(people, promised, "recorded", 600);
      await approve(people, promised, request);
      const whole = await hand(people, promised, request, { use: "command", terminal: true });
      const broken = await hand(people, promised, request, { use: "command", terminal: true });
      for (const n of [0, 1]) await send(people, promised, whole.session, n, false);
      await send(people, promised, broken.session, 0, false);
      await must(people.alice, `/v1/sessions/${broken.session}/recording/failure`, { because: "not_sent" });
      promised.push({ kind: "session.recording_failed", id: broken.session });
      await must(people.alice, `/v1/leases/${whole.lease}/end`, { exitCode: 0, because: "command_ended" });
      // The last piece comes after the command.
      await send(people, promised, whole.session, 2, true);
      await must(people.alice, `/v1/requests/${request}/end`);
      promised.push({ kind: "request.ended", id: request });
      await untilOver(people);
    },
  },
  "a session that must be recorded and is not": {
    patient: true,
    tell: async (people, promised) => {
      const request = await ask(people, promised, "watched", 600);
      await approve(people, promised, request);
      const { lease } = await hand(people, promised, request, { use: "command", terminal: true });
      // Its CLI is alive; it sends nothing of what it shows.
      const beating = setInterval(
        () => people.alice.call("POST", `/v1/leases/${lease}/heartbeat`).catch(() => undefined),
        5_000,
      );
      await untilRevoked(people).finally(() => clearInterval(beating));
    },
  },
  "a window that nobody uses": {
    tell: async (people, promised) => {
      const request = await ask(people, promised, "unused", 600);
      await approve(people, promised, request);
      const { lease, environment } = await hand(people, promised, request, { use: "window", terminal: false });
      await people.alice.call("POST", `/v1/leases/${lease}/acknowledge`);
      // Used once, and left open. By its name the verdict knows whether it is cut.
      const session = new pg.Client({ connectionString: environment.DATABASE_URL, application_name: lease });
      session.on("error", () => undefined);
      await session.connect();
      await session.query("SELECT 1");
      await untilOver(people);
    },
  },
};
