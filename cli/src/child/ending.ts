/** How phi itself is to end: with a code, or by the signal that ended its child (so that a shell sees the truth). */
export type Ending = { readonly code: number } | { readonly signal: NodeJS.Signals };

/** Exit codes of `phi exec` and `phi shell` that are phi's own, as timeout(1) and env(1) have them. */
export const WINDOW_OVER = 124;
export const FAILED_BEFORE = 125;
