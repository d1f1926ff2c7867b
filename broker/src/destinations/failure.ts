import { printable } from "@phi/shared/text";
import type { Handover, HandoverFailure } from "../ports/destination.js";

/** A hand-over that stopped after `accepted` events because the destination could not be reached or did not answer. */
export function unavailable(accepted: number, message: string, after?: number): Handover {
  return { accepted, failure: failure("unavailable", message, after) };
}

/** A hand-over that stopped after `accepted` events because the next one is not taken. */
export function refused(accepted: number, message: string): Handover {
  return { accepted, failure: failure("refused", message) };
}

/** What an error of the system says, without paths or addresses. */
export function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? (error instanceof Error ? error.name : "unknown"));
}

function failure(kind: HandoverFailure["class"], message: string, after?: number): HandoverFailure {
  return { class: kind, message: printable(message, 200), ...(after === undefined ? {} : { after }) };
}
