import { PhiError } from "@phi/shared/errors";
import { nearest } from "@phi/shared/text";
import type { Notice } from "../domain/notice.js";
import type { Channel } from "../ports/channel.js";

/** A try-out takes no longer, in ms. */
const WITHIN = 15_000;

/** Sends a notice that says it is a try-out, past the outbox; resolves with why it was not taken. */
export function createTryChannel({
  channels,
  broker,
}: {
  readonly channels: readonly Channel[];
  readonly broker: string | undefined;
}) {
  return async function tryChannel(
    name: string,
    to: string | undefined,
    operator: string,
  ): Promise<string | undefined> {
    const channel = channels.find((one) => one.name === name);
    if (channel === undefined) {
      const names = channels.map((one) => one.name);
      const meant = nearest(name, names);
      throw new PhiError("not_found", `There is no channel "${name}"; there are ${names.join(", ") || "none"}.`, {
        hint: meant === undefined ? "Channels stand under notify.channels." : `Did you mean ${meant}?`,
      });
    }
    if (channel.isPersonal && to === undefined) {
      throw new PhiError("usage", `${name} reaches persons: whom?`, {
        hint: `phi-broker notify test ${name} --to ADDRESS`,
      });
    }
    const notice: Notice = {
      occasion: "asked",
      title: "phi can reach you here",
      facts: [
        ["This is", "a try-out; nobody asks for anything"],
        ["Sent by", operator],
      ],
      commands: ["phi requests"],
      broker,
    };
    const addresses = to === undefined ? [] : [to];
    const failure = await channel.send({ notice, event: undefined, addresses }, AbortSignal.timeout(WITHIN));
    return failure?.message;
  };
}
