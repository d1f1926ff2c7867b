import { callBroker } from "../admin/call-broker.js";
import { findBroker } from "../config/admin-socket.js";
import { type OperatorOptions, operator, print } from "./output.js";

/** Sends a notice through one channel that says it is a try-out; 1 when it was not taken. */
export async function tryChannel(
  channel: string,
  options: OperatorOptions & { readonly to?: string },
): Promise<number> {
  const { socket } = await findBroker(options.config);
  const to = options.to === undefined ? {} : { to: options.to };
  const reply = await callBroker(socket, "notify_test", { channel, ...to, operator: operator() });
  print(options, reply, [
    reply.taken
      ? `${channel} took it. Look there: "phi can reach you here".`
      : `${channel} did not take it: ${reply.because ?? "?"}`,
  ]);
  return reply.taken ? 0 : 1;
}
