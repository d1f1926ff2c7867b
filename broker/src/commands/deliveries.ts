import { PhiError } from "@phi/shared/errors";
import { callBroker } from "../admin/call-broker.js";
import type { DeliveryLine } from "../admin/contract.js";
import { findBroker } from "../config/admin-socket.js";
import { ago, columns, type OperatorOptions, operator, print } from "./output.js";

/** Lists destinations and dead letters. */
export async function listDeliveries(options: OperatorOptions & { readonly destination?: string }): Promise<void> {
  const { socket } = await findBroker(options.config);
  const { destination } = options;
  const reply = await callBroker(socket, "deliveries", destination === undefined ? {} : { destination });
  const now = new Date().toISOString();
  print(options, reply, [
    ...(reply.deliveries.length === 0 ? ["No destinations."] : deliveryTable(reply.deliveries, now)),
    ...reply.deliveries.flatMap((delivery) =>
      delivery.failingSince === undefined
        ? []
        : [
            "",
            `${delivery.destination} fails at event ${delivery.position + 1}: ${delivery.lastError ?? "?"}`,
            `  try now:       phi-broker deliveries retry ${delivery.destination}`,
            `  go on behind:  phi-broker deliveries skip ${delivery.destination} ${delivery.position + 1}`,
          ],
    ),
    ...(reply.deadLetters.length === 0
      ? []
      : [
          "",
          ...columns([
            ["PUT ASIDE", "EVENT", "WHEN", "TRIED", "BECAUSE"],
            ...reply.deadLetters.map((letter) => [
              letter.destination,
              String(letter.seq),
              letter.at,
              String(letter.attempts),
              letter.error,
            ]),
          ]),
        ]),
  ]);
}

/** Tries now what was waiting for its time, and what was put aside. */
export async function retryDelivery(
  destination: string,
  options: OperatorOptions & { readonly event?: string },
): Promise<void> {
  const { socket } = await findBroker(options.config);
  const seq = options.event === undefined ? {} : { seq: number(options.event) };
  const reply = await callBroker(socket, "delivery_retry", { destination, ...seq });
  const letters = reply.deadLetters === 1 ? "1 dead letter" : `${reply.deadLetters} dead letters`;
  print(options, reply, [`${destination} is tried now${reply.deadLetters === 0 ? "" : `, with ${letters}`}.`]);
}

/** Passes by the event that the destination fails at. */
export async function skipDelivery(destination: string, seq: string, options: OperatorOptions): Promise<void> {
  const { socket } = await findBroker(options.config);
  const reply = await callBroker(socket, "delivery_skip", { destination, seq: number(seq), operator: operator() });
  print(options, reply, [
    `Event ${seq} is put aside for ${destination}; those behind it are delivered now.`,
    `To try it again: phi-broker deliveries retry ${destination} --event ${seq}`,
  ]);
}

/** How the destinations stand at `at` (RFC 3339). */
export function deliveryTable(deliveries: readonly DeliveryLine[], at: string): string[] {
  return columns([
    ["DESTINATION", "KIND", "HAS HAD", "WAITING", "STANDS", "PUT ASIDE"],
    ...deliveries.map((delivery) => [
      delivery.destination,
      delivery.kind ?? "not configured",
      String(delivery.position),
      String(delivery.waiting),
      standing(delivery, at),
      String(delivery.deadLetters),
    ]),
  ]);
}

function standing({ behind, failingSince, waitingSince, lastError }: DeliveryLine, at: string): string {
  if (failingSince !== undefined)
    return `${behind ? "BEHIND" : "fails"} since ${ago(at, failingSince)}: ${lastError ?? "?"}`;
  return behind && waitingSince !== undefined ? `BEHIND since ${ago(at, waitingSince)}` : "well";
}

function number(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new PhiError("usage", `${text} is not the number of an event.`, { hint: "phi-broker deliveries list" });
}
