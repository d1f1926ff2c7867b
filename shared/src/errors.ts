/**
 * The closed catalogue of what can go wrong in words a person can act on. HTTP status and exit code live beside the
 * code; what is thrown and is not a {@link PhiError} is a defect of phi and is reported as one.
 */
export const CATALOGUE = {
  invalid_input: { status: 400, exit: 2, title: "The input is not valid" },
  usage: { status: 400, exit: 2, title: "The command is not complete" },
  body_too_large: { status: 413, exit: 2, title: "The body is too large" },
  unsupported_media_type: { status: 415, exit: 2, title: "The body must be JSON" },
  too_many_requests: { status: 429, exit: 1, title: "Too many calls at once" },
  sign_in_required: { status: 401, exit: 4, title: "Sign in first" },
  sign_in_expired: { status: 401, exit: 4, title: "The sign-in has ended" },
  sign_in_refused: { status: 403, exit: 3, title: "The sign-in was refused" },
  sign_in_timed_out: { status: 408, exit: 6, title: "Nobody signed in in time" },
  id_token_rejected: { status: 401, exit: 4, title: "The ID token was not accepted" },
  not_found: { status: 404, exit: 1, title: "There is no such thing, or it is not yours to see" },
  resource_unknown: { status: 404, exit: 1, title: "There is no such resource, or it is not yours to ask for" },
  role_unknown: { status: 404, exit: 1, title: "There is no such role on this resource" },
  refused_by_policy: { status: 403, exit: 5, title: "Policy refuses this" },
  not_permitted: { status: 403, exit: 5, title: "This is not yours to do" },
  locked: { status: 403, exit: 5, title: "A lock is in force" },
  own_request: { status: 403, exit: 5, title: "Nobody decides on their own request" },
  request_denied: { status: 403, exit: 3, title: "The request was denied" },
  already_decided: { status: 409, exit: 1, title: "This was decided already" },
  not_as_seen: { status: 409, exit: 1, title: "It is not what was shown" },
  wrong_state: { status: 409, exit: 1, title: "Not possible in this state" },
  no_usable_request: { status: 409, exit: 5, title: "No approved request to work under" },
  several_usable_requests: { status: 409, exit: 2, title: "Several requests could be meant" },
  window_over: { status: 409, exit: 6, title: "The window is over" },
  wait_timed_out: { status: 408, exit: 6, title: "No answer in time" },
  still_pending: { status: 409, exit: 8, title: "Still waiting for an answer" },
  lease_lost: { status: 409, exit: 1, title: "The lease has ended" },
  recording_required: { status: 409, exit: 5, title: "This access must be recorded" },
  target_unavailable: { status: 503, exit: 1, title: "The resource does not answer" },
  target_refused: { status: 502, exit: 1, title: "The resource refused what phi asked of it" },
  store_unavailable: { status: 503, exit: 1, title: "The broker cannot record, so it does not act" },
  issuer_unreachable: { status: 502, exit: 1, title: "The issuer does not answer" },
  broker_unreachable: { status: 503, exit: 1, title: "The broker does not answer" },
  bad_answer: { status: 502, exit: 1, title: "The other side gave an answer phi does not understand" },
  log_broken: { status: 502, exit: 1, title: "The audit log is not the one it was" },
  config_invalid: { status: 500, exit: 2, title: "The configuration is not valid" },
  already_running: { status: 409, exit: 1, title: "Another broker has this database open" },
  command_not_found: { status: 400, exit: 127, title: "There is no such command" },
  command_not_executable: { status: 400, exit: 126, title: "The command cannot be run" },
  local_state: { status: 500, exit: 1, title: "A file of phi's on this machine cannot be used" },
  internal: { status: 500, exit: 1, title: "phi failed; this is a defect of phi" },
} as const satisfies Record<string, { status: number; exit: number; title: string }>;

export type ErrorCode = keyof typeof CATALOGUE;

export interface PhiErrorOptions {
  /** What to do or type next, one line; shown after the message. */
  hint?: string | undefined;
  /** Further facts for programs, part of the problem document; never a secret. */
  data?: Record<string, unknown> | undefined;
  /** The original error, for logs of the kind that name only its class and code; never shown. */
  cause?: unknown;
}

/** The one error class. `message` is a whole sentence that says what happened and why. */
export class PhiError extends Error {
  override readonly name = "PhiError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly data: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, options: PhiErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.data = options.data;
  }

  /** HTTP status of the catalogue. */
  get status(): number {
    return CATALOGUE[this.code].status;
  }

  /** Exit code of the catalogue. */
  get exit(): number {
    return CATALOGUE[this.code].exit;
  }
}

/** Whether a word from outside is a code of the catalogue. */
export function isErrorCode(word: unknown): word is ErrorCode {
  return typeof word === "string" && Object.hasOwn(CATALOGUE, word);
}
