import { parseCheckpoint } from "@phi/shared/audit/checkpoint";
import { printable } from "@phi/shared/text";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { lockSentence } from "../terminal/lock-words.js";
import { say, warn, writeData, writeJson } from "../terminal/output.js";
import { requestColumns } from "../terminal/request-table.js";
import { overdueLines, personWords } from "../terminal/request-words.js";
import { writeTable } from "../terminal/table.js";
import { timeForPeople } from "../terminal/times.js";

/** Requests of mine that are looked at; more than anybody can have open. */
const LOOKED_AT = 100;

export const examples = ["phi status"];

export function define(command: Command, run: Run): void {
  command.action(() => run(status));
}

/** Signed in or not (exit 4), what of mine is open with the time left, and how many wait for my answer. */
async function status(phi: Invocation): Promise<number> {
  const { profile, broker: url } = await phi.signedIn();
  const broker = await phi.broker();
  const [me, mine, waiting, unreviewed, { locks }, log] = await Promise.all([
    broker.me(),
    broker.requests({ scope: "mine", limit: LOOKED_AT }),
    broker.requests({ scope: "to_approve", limit: LOOKED_AT }),
    broker.requests({ scope: "to_review", limit: LOOKED_AT }),
    broker.locks(),
    // That it is not signed is no reason to show nothing.
    broker.log().catch(() => undefined),
  ]);
  const signed = log === undefined ? undefined : parseCheckpoint(log.checkpoint)?.size;
  const now = broker.now();
  const requests = mine.requests.filter(
    (view) => ["pending", "approved", "active"].includes(view.state) || overdueLines(view, now).length > 0,
  );
  const { terminal, paint } = phi;
  if (terminal.json) {
    writeJson(terminal, {
      ...me,
      broker: url.origin,
      profile,
      requests,
      locks,
      toReview: unreviewed.requests.map((view) => view.request),
      toApprove: waiting.requests.map((view) => view.request),
      ...(log === undefined ? {} : { log: { key: log.key, signed } }),
    });
    return 0;
  }
  writeData(
    terminal,
    `signed in to ${url.origin} as ${personWords(me.principal)} until ${timeForPeople(Date.parse(me.expiresAt), now)}`,
  );
  if (requests.length > 0) writeTable(terminal, paint.data, requestColumns(now), requests);
  else say(terminal, `No open requests. next: ${phi.typed("resources")}`);
  for (const line of mine.requests.flatMap((view) => overdueLines(view, now))) warn(terminal, paint.talk.bad(line));
  for (const lock of locks) warn(terminal, paint.talk.bad(lockSentence(lock, now)));
  say(
    terminal,
    log === undefined
      ? paint.talk.bad("the broker shows no signed audit log")
      : `audit log: ${signed} events signed with ${printable(log.key, 400)}`,
  );
  const count = waiting.requests.length;
  if (count > 0)
    say(
      terminal,
      paint.talk.waiting(
        `${count === 1 ? "1 request waits" : `${count} requests wait`} for your answer: ${phi.typed("requests", "--to-approve")}`,
      ),
    );
  const reviews = unreviewed.requests.length;
  if (reviews > 0)
    say(
      terminal,
      paint.talk.waiting(
        `${reviews === 1 ? "1 emergency waits" : `${reviews} emergencies wait`} for your review: ${phi.typed("requests", "--to-review")}`,
      ),
    );
  return 0;
}
