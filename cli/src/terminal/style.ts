import { isatty } from "node:tty";

/** The little colour that the hot path needs, without a library: SGR sequences of ECMA-48 §8.3.117. */
export interface Style {
  readonly bad: (text: string) => string;
  readonly faint: (text: string) => string;
}

/** Whether a descriptor (0, 1, 2) is a terminal. */
export function isTerminal(descriptor: 0 | 1 | 2): boolean {
  return isatty(descriptor);
}

/** Colours for stderr when it is a terminal and colour was not declined. */
export function stderrStyle(noColor: boolean): Style {
  const coloured = !noColor && isTerminal(2);
  const sgr = (code: number) => (text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bad: sgr(31), faint: sgr(2) };
}
