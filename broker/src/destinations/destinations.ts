import { hostname } from "node:os";
import type { Writable } from "node:stream";
import type { Secret } from "@phi/shared/secret";
import type { AuditExports } from "../ports/audit-log.js";
import type { Clock } from "../ports/clock.js";
import type { Destination } from "../ports/destination.js";
import { createFileDestination } from "./file.js";
import { createGuardedPost } from "./guarded-post.js";
import { type LineFormat, linesIn } from "./lines.js";
import { createStandardOutput } from "./standard-output.js";
import { createSyslog } from "./syslog.js";
import type { Facility } from "./syslog-message.js";
import { createWebhook } from "./webhook.js";

/** What a destination is made from, by kind. */
export type DestinationOrder = { readonly format: LineFormat } & (
  | { readonly kind: "stdout"; readonly name: string }
  | { readonly kind: "file"; readonly name: string; readonly path: string }
  | {
      readonly kind: "syslog";
      readonly name: string;
      readonly address: { readonly transport: "tcp" | "tls" | "udp"; readonly host: string; readonly port: number };
      readonly facility: Facility;
      readonly ca?: string | undefined;
    }
  | {
      readonly kind: "webhook";
      readonly name: string;
      readonly url: string;
      readonly secrets: readonly Secret[];
      readonly allowPrivate: boolean;
    }
);

/** The destination of an order; nothing is opened before its first event. */
export function createDestination(
  order: DestinationOrder,
  { stdout, clock, exports }: { readonly stdout: Writable; readonly clock: Clock; readonly exports: AuditExports },
): Destination {
  const linesOf = linesIn(order.format, exports);
  switch (order.kind) {
    case "stdout":
      return createStandardOutput({ ...order, stdout, linesOf });
    case "file":
      return createFileDestination({ ...order, linesOf });
    case "syslog":
      return createSyslog({ ...order, ...order.address, from: hostname(), linesOf });
    case "webhook":
      return createWebhook({ ...order, clock, linesOf, guarded: createGuardedPost(order) });
  }
}
