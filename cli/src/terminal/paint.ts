/** What colour means here. Colour never carries a meaning alone: the words say it too. */
export interface Paint {
  strong(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  waiting(text: string): string;
  accent(text: string): string;
}

const same = (text: string) => text;
export const PLAIN: Paint = { strong: same, faint: same, good: same, bad: same, waiting: same, accent: same };

/** Colours for a stream that bears them; chalk is read only then. The decision is the terminal's, not chalk's. */
export async function loadPaint(coloured: boolean): Promise<Paint> {
  if (!coloured) return PLAIN;
  const { Chalk } = await import("chalk");
  const chalk = new Chalk({ level: 1 });
  return {
    strong: (text) => chalk.bold(text),
    faint: (text) => chalk.dim(text),
    good: (text) => chalk.green(text),
    bad: (text) => chalk.red.bold(text),
    waiting: (text) => chalk.yellow(text),
    accent: (text) => chalk.cyan(text),
  };
}
