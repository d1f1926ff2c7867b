import type { Writable } from "node:stream";
import type { Destination } from "../ports/destination.js";
import { createFileDestination } from "./file.js";
import { createStandardOutput } from "./standard-output.js";

/** What a destination is made from, by kind. */
export type DestinationOrder =
  | { readonly kind: "stdout"; readonly name: string }
  | { readonly kind: "file"; readonly name: string; readonly path: string };

/** The destination of an order; nothing is opened before its first event. */
export function createDestination(order: DestinationOrder, { stdout }: { readonly stdout: Writable }): Destination {
  switch (order.kind) {
    case "stdout":
      return createStandardOutput({ ...order, stdout });
    case "file":
      return createFileDestination(order);
  }
}
