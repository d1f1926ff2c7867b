import type { WhyReply, WhyRule } from "@phi/shared/contract/why";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { readLength } from "../requests/typed-length.js";
import { say, writeData, writeJson } from "../terminal/output.js";
import type { Paint } from "../terminal/paint.js";

interface Flags {
  readonly role?: string;
  readonly for?: string;
  readonly reason?: string;
  readonly ticket?: string;
  readonly as?: string;
  readonly groups?: string;
}

export const examples = [
  "phi why db-prod --role readwrite --for 2h",
  "phi why db-prod --role readonly --as alice     (for admins and auditors)",
];

export function define(command: Command, run: Run): void {
  command
    .argument("<resource>", "what it is about, e.g. db-prod")
    .option("--role <name>", "with which rights; may be left out when there is only one")
    .option("--for <length>", "for how long (30m)")
    .option("-m, --reason <text>", "as if asked with this reason")
    .option("--ticket <id>", "as if asked with this ticket")
    .option("--as <who>", "for somebody else, by subject or name; for admins and auditors")
    .option("--groups <list>", "as if in these groups, parted by commas; for admins and auditors")
    .action((resource: string, flags: Flags) => run((phi) => why(phi, resource, flags)));
}

/** The answer that `phi request` with the same words would get now. Exit code 0 whatever it is: the question was answered. */
async function why(phi: Invocation, resource: string, flags: Flags): Promise<number> {
  const { role, reason, ticket, as, groups } = flags;
  const given = { role, reason, ticket, as, groups };
  const empty = Object.entries(given).find(([, value]) => value?.trim() === "");
  if (empty !== undefined) throw new PhiError("invalid_input", `--${empty[0]}: must not be empty.`);
  const reply = await (await phi.broker()).why({
    resource,
    ...(flags.for === undefined ? {} : { duration: readLength(flags.for, "--for") }),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  });
  if (phi.terminal.json) {
    writeJson(phi.terminal, reply);
    return 0;
  }
  for (const text of explanation(reply, phi.paint.data)) writeData(phi.terminal, text);
  if (reply.rules.length === 0 && reply.rulesForOthers === 0)
    say(phi.terminal, "No policy is about this resource and role at all.");
  return 0;
}

const MARKS: Readonly<Record<WhyRule["verdict"], string>> = {
  decides: "✔",
  fits: "✔",
  does_not_fit: "✖",
  denies: "✖",
  outside_hours: "·",
  names_others: "·",
};

function explanation(reply: WhyReply, paint: Paint): string[] {
  const groups = reply.who.groups.length === 0 ? "in no group" : `in ${reply.who.groups.join(", ")}`;
  const colour = { allowed: paint.good, needs_approval: paint.waiting, refused: paint.bad }[reply.decision];
  const lines = [
    `${colour(reply.decision.replace("_", " "))}  ${printable(reply.summary)}`,
    paint.faint(`  for ${printable(`${reply.who.name}, ${groups}`, 500)}, by policy ${reply.policyHash.slice(0, 12)}`),
  ];
  const heads = reply.rules.map((one) => `${MARKS[one.verdict]} ${printable(one.rule, 100)}`);
  const width = Math.min(40, Math.max(0, ...heads.map((head) => head.length)));
  reply.rules.forEach((one, index) => {
    lines.push(`  ${(heads[index] ?? "").padEnd(width)}  ${printable(ruleWords(one), 1_000)}`);
  });
  if (reply.rulesForOthers > 0) lines.push(paint.faint(`  and ${reply.rulesForOthers} for other people`));
  if (reply.changes.length > 0) {
    lines.push("what would change it:");
    for (const change of reply.changes) lines.push(`  ${printable(change, 1_000)}`);
  }
  return lines;
}

function ruleWords({ verdict, effect, says }: WhyRule): string {
  const words = says.join("; ");
  switch (verdict) {
    case "decides":
      return `decides: ${words}`;
    case "fits":
      return `fits too: ${words}`;
    case "denies":
      return `denies it: ${words}`;
    case "does_not_fit":
    case "outside_hours":
      return words;
    case "names_others":
      return `${effect === "deny" ? "denies others: " : ""}${words}`;
  }
}
