import type { Notice } from "../domain/notice.js";

/** The lines of a notice without its title: facts, what to type, and where. */
export function factLines({ facts }: Notice): string[] {
  return facts.map(([what, value]) => `${what}: ${value}`);
}

/** Where the commands go, if people should know. */
export function brokerLine({ broker }: Notice): string[] {
  return broker === undefined ? [] : [`phi broker: ${broker}`];
}

/** The whole notice as plain text. */
export function plainNotice(notice: Notice): string {
  const commands = notice.commands.map((command) => `  ${command}`);
  return [notice.title, "", ...factLines(notice), "", ...commands, "", ...brokerLine(notice)].join("\n").trimEnd();
}
