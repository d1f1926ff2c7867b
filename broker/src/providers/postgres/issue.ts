import { PhiError } from "@phi/shared/errors";
import { Secret } from "@phi/shared/secret";
import type { Instant } from "@phi/shared/time";
import pg from "pg";
import type { Credential, Order } from "../../ports/provider.js";
import type { PostgresConfig } from "./config.js";
import type { Connections } from "./connect.js";
import { BEING_REVOKED, TOO_LATE } from "./create-roles.js";
import { createCreation } from "./creation.js";
import { clientEnvironment } from "./environment.js";
import { asPhiError } from "./failure.js";
import type { PostgresHandle } from "./handle.js";
import type { PostgresRole } from "./role.js";
import { newPassword, scramVerifier } from "./scram.js";

/**
 * Issues one credential. What is asked of one target at the same moment is created together.
 *
 * @throws PhiError `target_refused` when the target's clock is at or past `createBy`, or rights are missing;
 *   `target_unavailable` when it does not answer or the signal aborts: then the role may exist, and has to be revoked.
 */
export function createIssue(connections: Connections, now: () => Instant) {
  const create = createCreation(connections, now);
  return async function issue(
    order: Order<PostgresConfig, PostgresRole>,
    handle: PostgresHandle,
    signal: AbortSignal,
  ): Promise<Credential> {
    const password = newPassword();
    const verifier = scramVerifier(password, order.config.scramIterations);
    try {
      await create({ name: handle.role, order, verifier }, signal);
    } catch (error) {
      throw refusal(error, order.createBy, now()) ?? asPhiError(error);
    }
    return { environment: new Secret(clientEnvironment(order.config.clients, handle.role, password)) };
  };
}

/** Turns the two refusals of the statement itself into words. */
function refusal(error: unknown, createBy: Instant, now: Instant): PhiError | undefined {
  if (!(error instanceof pg.DatabaseError)) return undefined;
  if (error.code === BEING_REVOKED) {
    return new PhiError("target_refused", "The lease is being revoked, so PostgreSQL created nothing.");
  }
  if (error.code !== TOO_LATE) return undefined;

  const ahead = Number(error.message) - now;
  const late = Number(error.message) - createBy;
  if (Math.abs(ahead) < 2_000) {
    return new PhiError(
      "target_refused",
      `The order reached PostgreSQL ${spell(late)} too late, so it created nothing.`,
      {
        hint: "try again",
      },
    );
  }
  return new PhiError(
    "target_refused",
    `PostgreSQL created nothing, because its clock is ${spell(Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"} the broker's.`,
    { hint: "set both clocks by NTP, then try again", data: { clockAheadMs: ahead } },
  );
}

function spell(milliseconds: number): string {
  const seconds = Math.max(1, Math.round(milliseconds / 1_000));
  return seconds === 1 ? "1 second" : `${seconds} seconds`;
}
