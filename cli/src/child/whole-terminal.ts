import { isTerminal } from "../terminal/style.js";

/**
 * Whether a command started now would have a terminal on all three streams. Only then it is recorded: on a terminal of its own
 * a command could not tell a pipe or a file from the screen, and would behave differently for being recorded.
 */
export function hasWholeTerminal(): boolean {
  return process.platform !== "win32" && isTerminal(0) && isTerminal(1) && isTerminal(2);
}
