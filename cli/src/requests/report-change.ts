import type { RequestView } from "@phi/shared/contract/request";
import type { Invocation } from "../invocation.js";
import { nextCommands } from "../terminal/next-commands.js";
import { say, warn, writeData, writeJson } from "../terminal/output.js";
import { overdueLines } from "../terminal/request-words.js";

/** Says what a request has become: a sentence, id and state as data (or the whole as JSON), and what can be typed next. */
export async function reportChange(phi: Invocation, view: RequestView, sentence: string): Promise<void> {
  const { terminal, paint } = phi;
  say(terminal, sentence);
  if (terminal.json) writeJson(terminal, view);
  else writeData(terminal, `${view.request}\t${view.state}`);
  for (const line of overdueLines(view, (await phi.broker()).now())) warn(terminal, paint.talk.bad(line));
  const beingRevoked = view.leases.filter(
    (lease) => lease.state === "revoking" && lease.overdueSince === undefined,
  ).length;
  if (beingRevoked > 0)
    say(
      terminal,
      `${beingRevoked === 1 ? "1 credential is" : `${beingRevoked} credentials are`} being revoked now; see ${phi.typed("show", view.request)}`,
    );
  const [next] = nextCommands(view, (await phi.signedIn()).signIn.principal, phi.typed);
  if (next !== undefined) say(terminal, `next: ${paint.talk.accent(next)}`);
}
