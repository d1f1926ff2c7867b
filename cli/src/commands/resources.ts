import type { ResourceView, RoleOffer } from "@phi/shared/contract/resource";
import { formatDuration } from "@phi/shared/duration";
import type { Command } from "commander";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { lockSentence } from "../terminal/lock-words.js";
import { say, warn, writeJson } from "../terminal/output.js";
import { approvalWords } from "../terminal/request-words.js";
import { type Column, writeTable } from "../terminal/table.js";

type Offer = RoleOffer & Pick<ResourceView, "resource" | "description" | "revocation">;

export const examples = ["phi resources", "phi resources --json"];

export function define(command: Command, run: Run): void {
  command.action(() => run(resources));
}

const COLUMNS: Column<Offer>[] = [
  { head: "RESOURCE", cell: (offer) => offer.resource, style: (text, _offer, paint) => paint.strong(text) },
  { head: "ROLE", cell: (offer) => offer.role },
  { head: "LONGEST", cell: (offer) => formatDuration(offer.maxDuration) },
  { head: "WHO ANSWERS", cell: approvalWords, shrinks: true },
  { head: "REASON", cell: (offer) => (offer.reasonRequired ? "required" : "optional") },
  {
    head: "ABOUT",
    cell: (offer) =>
      [offer.description ?? "", offer.revocation === "on_expiry" ? "(cannot be taken back early)" : ""]
        .filter((text) => text !== "")
        .join(" "),
    shrinks: true,
  },
];

/** What the person may ask for; nothing else is ever shown. */
async function resources(phi: Invocation): Promise<number> {
  const broker = await phi.broker();
  const [list, { locks }] = await Promise.all([broker.resources(), broker.locks()]);
  if (phi.terminal.json) {
    writeJson(phi.terminal, { ...list, locks });
    return 0;
  }
  const offers = list.resources.flatMap(({ roles, resource, description, revocation }) =>
    roles.map(
      (role): Offer => ({ ...role, resource, revocation, ...(description === undefined ? {} : { description }) }),
    ),
  );
  if (offers.length === 0) {
    say(phi.terminal, "There is nothing you may ask for: no policy names you or one of your groups.");
    return 0;
  }
  writeTable(phi.terminal, phi.paint.data, COLUMNS, offers);
  const offered = locks.filter((lock) => offers.some(({ resource }) => resource === lock.resource));
  for (const lock of offered) warn(phi.terminal, phi.paint.talk.bad(lockSentence(lock, broker.now())));
  const first = offers.find(({ resource }) => offered.every((lock) => lock.resource !== resource));
  if (phi.terminal.stdout.isTTY === true && first !== undefined) {
    const words = [
      "request",
      first.resource,
      "--role",
      first.role,
      "--for",
      formatDuration(Math.min(first.maxDuration, 1_800)),
      "--reason",
      "why",
    ];
    say(phi.terminal, `next: ${phi.paint.talk.accent(phi.typed(...words))}`);
  }
  return 0;
}
