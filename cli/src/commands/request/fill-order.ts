import type { ResourceView, RoleOffer } from "@phi/shared/contract/resource";
import { formatDuration, parseDuration } from "@phi/shared/duration";
import { PhiError } from "@phi/shared/errors";
import { nearest, printable } from "@phi/shared/text";
import type { Invocation } from "../../invocation.js";
import { askReason } from "../../requests/ask-reason.js";
import { ask } from "../../terminal/ask.js";
import { say } from "../../terminal/output.js";
import { pick } from "../../terminal/pick.js";
import { requireAsking } from "../../terminal/question.js";
import { approvalWords } from "../../terminal/request-words.js";
import type { TypedOrder } from "./order.js";

export type FilledOrder = TypedOrder & { readonly resource: string; readonly for: string };

/** The length offered first, in seconds, when the role allows that much. */
const USUAL = 1_800;

/**
 * Asks for what was not typed: resource, role, length and, where policy wants one, the reason. Off a terminal it names
 * the missing flag instead; a missing role or reason is then for the broker to judge, which knows whether it is needed.
 */
export async function fillOrder(phi: Invocation, typed: TypedOrder): Promise<FilledOrder> {
  if (typed.resource === undefined) requireAsking(phi.terminal, "the resource");
  if (typed.for === undefined) requireAsking(phi.terminal, "--for <length>");
  const { resource, for: length } = typed;
  const isWhole =
    resource !== undefined && length !== undefined && typed.role !== undefined && typed.reason !== undefined;
  if (isWhole || (resource !== undefined && length !== undefined && !phi.terminal.mayAsk))
    return { ...typed, resource, for: length };

  const look = { colour: phi.terminal.colour.stderr };
  const { resources } = await (await phi.broker()).resources();
  const chosen = resource === undefined ? await pickResource(resources, look) : findResource(resources, resource, phi);
  const offer = await chooseRole(chosen, typed.role, look);
  const filled: FilledOrder = {
    ...typed,
    resource: chosen.resource,
    role: offer.role,
    for: length ?? (await askLength(offer, look)),
    reason: typed.reason ?? (offer.reasonRequired || typed.emergency === true ? await askReason(look) : undefined),
  };
  const hasAsked =
    filled.resource !== resource ||
    filled.for !== length ||
    filled.reason !== typed.reason ||
    (typed.role === undefined && chosen.roles.length > 1);
  if (hasAsked) say(phi.terminal, phi.paint.talk.faint(`the same without asking: ${commandOf(phi, filled)}`));
  return filled;
}

type Look = { readonly colour: boolean };

function pickResource(resources: readonly ResourceView[], look: Look): Promise<ResourceView> {
  if (resources.length === 0) {
    throw new PhiError(
      "refused_by_policy",
      "There is nothing you may ask for: no policy names you or one of your groups.",
    );
  }
  const choices = resources.map((view) => ({
    name: `${view.resource}  (${view.roles.map((role) => role.role).join(", ")})`,
    value: view,
    ...(view.description === undefined ? {} : { description: view.description }),
  }));
  return pick("Which resource?", choices, look);
}

function findResource(resources: readonly ResourceView[], name: string, phi: Invocation): ResourceView {
  const found = resources.find((view) => view.resource === name);
  if (found !== undefined) return found;
  const near = nearest(
    name,
    resources.map((view) => view.resource),
  );
  throw new PhiError(
    "resource_unknown",
    `There is no resource "${printable(name, 80)}", or it is not yours to ask for.`,
    {
      hint: near === undefined ? `see what there is: ${phi.typed("resources")}` : `did you mean ${near}?`,
    },
  );
}

async function chooseRole(view: ResourceView, role: string | undefined, look: Look): Promise<RoleOffer> {
  if (role !== undefined) {
    const found = view.roles.find((offer) => offer.role === role);
    if (found !== undefined) return found;
    const known = view.roles.map((offer) => offer.role);
    throw new PhiError(
      "role_unknown",
      `There is no role "${printable(role, 80)}" on ${view.resource} that you may ask for.`,
      {
        hint: `did you mean ${nearest(role, known) ?? known.join(" or ")}?`,
      },
    );
  }
  const [only] = view.roles;
  if (only !== undefined && view.roles.length === 1) return only;
  const choices = view.roles.map((offer) => ({
    name: `${offer.role}  (at most ${formatDuration(offer.maxDuration)}; who answers: ${approvalWords(offer)})`,
    value: offer,
  }));
  return pick(`Which role on ${view.resource}?`, choices, look);
}

function askLength(offer: RoleOffer, look: Look): Promise<string> {
  const longest = formatDuration(offer.maxDuration);
  return ask(
    `For how long? (30m, 1h30m; at most ${longest})`,
    {
      suggestion: formatDuration(Math.min(USUAL, offer.maxDuration)),
      problem: (answer) => {
        const seconds = parseDuration(answer);
        if (seconds === undefined) return "write it like 45s, 30m, 1h30m or 2d";
        return seconds > offer.maxDuration ? `at most ${longest}` : undefined;
      },
    },
    look,
  );
}

function commandOf(phi: Invocation, order: FilledOrder): string {
  const flags = [
    order.role && ["--role", order.role],
    ["--for", order.for],
    order.reason && ["--reason", order.reason],
    order.ticket && ["--ticket", order.ticket],
    order.once === true && ["--once"],
    order.emergency && ["--emergency"],
  ];
  return phi.typed("request", order.resource, ...flags.flatMap((flag) => flag || []));
}
