import type { RequestView } from "@phi/shared/contract/request";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import type { Invocation } from "../invocation.js";
import { Interrupted, listenForInterrupt } from "../terminal/interrupted.js";
import { startSpinner } from "../terminal/spinner.js";
import { relative, stopwatch } from "../terminal/times.js";
import { hearOffer } from "./hear-offer.js";

export type Waiting =
  | { readonly outcome: "decided"; readonly view: RequestView }
  /** `--timeout` is over. */
  | { readonly outcome: "timed_out"; readonly view: RequestView }
  /** Ctrl-C: nobody waits any more, and the request stays open. */
  | { readonly outcome: "detached"; readonly view: RequestView };

/** Longest timer that Node can hold, in milliseconds; a longer timeout is none within the life of a process. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Waits until `first` is no longer pending, showing who was asked and how long there is. The decision can have fallen
 * before the first event: the stream starts with the present state. `timeout` in seconds.
 */
export async function awaitDecision(
  phi: Invocation,
  first: RequestView,
  timeout: number | undefined,
): Promise<Waiting> {
  if (first.state !== "pending") return { outcome: "decided", view: first };
  const { now } = await phi.broker();
  const interrupt = listenForInterrupt();
  const over = new AbortController();
  const timer =
    timeout === undefined ? undefined : setTimeout(() => over.abort(), Math.min(timeout * 1_000, LONGEST_TIMER));
  const began = performance.now();
  let view = first;
  let isLineDown = false;

  const text = () => {
    const given = view.approvals.filter((approval) => approval.verdict === "approve").length;
    const count = view.approvalsNeeded > 1 ? `${given} of ${view.approvalsNeeded} yes · ` : "";
    const line = isLineDown ? "the broker does not answer, trying again · " : "";
    return `waiting for ${printable(view.approvers.join(" or "), 120)} · ${line}${count}${stopwatch(performance.now() - began)} · Ctrl-C detaches, the request stays open · lapses ${relative(Date.parse(view.pendingUntil), now())}`;
  };
  const plain = () => `waiting for ${printable(view.approvers.join(" or "), 120)} to answer ${view.request}`;
  const spin = () => startSpinner(phi.terminal, phi.terminal.mayMove ? text() : plain());
  let spinner = await spin();
  let heard = "";
  const tick = setInterval(() => spinner.update(text()), 1_000);

  try {
    const signal = AbortSignal.any([interrupt.signal, over.signal]);
    for await (const news of await phi.follow(first.request, signal)) {
      isLineDown = news.news === "interrupted";
      if (news.news === "request") view = news.view;
      if (view.state !== "pending") return { outcome: "decided", view };
      const offered = JSON.stringify(view.offer) ?? "";
      if (offered !== heard && offered !== "") {
        spinner.stop();
        await hearOffer(phi, view);
        spinner = await spin();
      }
      heard = offered;
      spinner.update(text());
    }
    if (interrupt.signal.aborted) return { outcome: "detached", view };
    if (over.signal.aborted) return { outcome: "timed_out", view };
    throw new PhiError("bad_answer", "The broker stopped telling about the request before it was decided.", {
      hint: phi.typed("show", "--wait", view.request),
    });
  } catch (error) {
    if (error instanceof Interrupted) return { outcome: "detached", view };
    throw error;
  } finally {
    clearInterval(tick);
    clearTimeout(timer);
    spinner.stop();
    interrupt.release();
  }
}
