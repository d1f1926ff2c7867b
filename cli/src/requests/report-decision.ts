import type { RequestView } from "@phi/shared/contract/request";
import { CATALOGUE } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import type { Invocation } from "../invocation.js";
import { reviewWords } from "../terminal/emergency-words.js";
import { nextCommands } from "../terminal/next-commands.js";
import { say } from "../terminal/output.js";
import { personWords, windowSentence } from "../terminal/request-words.js";
import type { Waiting } from "./await-decision.js";

/** Says how the waiting ended and gives the exit code: 0 approved, 3 denied, 6 lapsed or timed out, 8 pending, 1 withdrawn or over. */
export async function reportDecision(phi: Invocation, waiting: Waiting): Promise<number> {
  const { terminal, paint } = phi;
  const { view } = waiting;
  const resume = phi.typed("show", "--wait", view.request);
  if (waiting.outcome === "timed_out") {
    say(
      terminal,
      `Nobody answered in the time you gave; ${view.request} stays open. Wait on: ${paint.talk.accent(resume)}`,
    );
    return CATALOGUE.wait_timed_out.exit;
  }
  if (waiting.outcome === "detached") {
    say(terminal, `Detached; ${view.request} stays open. Wait on: ${paint.talk.accent(resume)}`);
    return CATALOGUE.still_pending.exit;
  }
  say(terminal, sentence(view, paint.talk));
  const now = (await phi.broker()).now();
  const review = reviewWords(view, now);
  if (review !== undefined) say(terminal, `  to be reviewed ${review}`);
  const window = windowSentence(view, now);
  if (window !== undefined) say(terminal, `  ${window}`);
  const [next] = nextCommands(view, (await phi.signedIn()).signIn.principal, phi.typed);
  if (next !== undefined) say(terminal, `  next: ${paint.talk.accent(next)}`);
  return decisionExit(view);
}

/** The exit code that a request's state stands for. */
export function decisionExit(view: RequestView): number {
  switch (view.state) {
    case "approved":
    case "active":
    case "extended":
      return 0;
    case "pending":
      return CATALOGUE.still_pending.exit;
    case "denied":
      return CATALOGUE.request_denied.exit;
    case "lapsed":
      return CATALOGUE.wait_timed_out.exit;
    case "withdrawn":
    case "ended":
      return 1;
  }
}

function sentence(view: RequestView, paint: Invocation["paint"]["talk"]): string {
  const answer = view.approvals.at(-1);
  const said = answer?.reason === undefined ? "" : `: "${printable(answer.reason)}"`;
  const by =
    answer === undefined
      ? ""
      : ` by ${personWords(answer.by)}${answer.onBehalfOf === undefined ? "" : ` for ${personWords(answer.onBehalfOf)}`}`;
  switch (view.state) {
    case "approved":
    case "active":
      if (view.emergency !== undefined) return paint.bad("✔ granted at once, as an emergency");
      return answer === undefined
        ? `${paint.good("✔ allowed at once")} by policy "${printable(view.policy, 200)}"`
        : `${paint.good("✔ approved")}${by}${said}`;
    case "extended":
      return answer === undefined
        ? `${paint.good("✔ extended at once")} by policy "${printable(view.policy, 200)}"`
        : `${paint.good("✔ extended")}${by}${said}`;
    case "denied":
      return `${paint.bad("✖ denied")}${by}${said}`;
    case "lapsed":
      if (view.endComment !== undefined) return `✖ lapsed: ${printable(view.endComment)}`;
      return view.approvedAt === undefined ? "✖ lapsed: nobody answered in time" : "✖ lapsed: it was not used in time";
    case "withdrawn":
      return "✖ withdrawn";
    case "ended":
      return "✖ this request is over";
    case "pending":
      return `${view.request} is pending`;
  }
}
