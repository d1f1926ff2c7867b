import { PhiError } from "@phi/shared/errors";
import type { Command } from "commander";
import { openSignInStore } from "../auth/current-sign-in.js";
import { resolveProfileName } from "../auth/profiles.js";
import { parseBrokerUrl } from "../broker-client/transport.js";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { say, writeJson } from "../terminal/output.js";

export const examples = ["phi logout"];

export function define(command: Command, run: Run): void {
  command.action(() => run(logout));
}

/** Ends the sign-in on the broker, then forgets it here. A damaged profile, or one of a dead broker, is forgotten too. */
async function logout(phi: Invocation): Promise<number> {
  const profile = resolveProfileName(phi.globals.profile);
  const store = openSignInStore(phi.env);
  const found = await store.load(profile).catch(() => undefined);
  let ended = false;
  let failure: unknown;
  if (found !== undefined) {
    try {
      await (await phi.brokerAt(parseBrokerUrl(found.signIn.broker), found.token)).signOut();
      ended = true;
    } catch (error) {
      // A sign-in that the broker does not know any more is what was wanted.
      if (error instanceof PhiError && error.exit === 4) ended = true;
      else failure = error;
    }
  }
  const wasThere = await store.forget(profile);
  if (phi.terminal.json) writeJson(phi.terminal, { profile, signedOut: wasThere, endedOnBroker: ended });
  if (failure !== undefined) {
    const why = failure instanceof PhiError ? failure.message : "it could not be told";
    throw new PhiError(
      "broker_unreachable",
      `Forgotten on this machine, but the broker could not end the sign-in: ${why}`,
      {
        hint: `it ends by itself at ${found?.signIn.expiresAt}; an administrator can end it sooner`,
        cause: failure,
      },
    );
  }
  say(
    phi.terminal,
    wasThere ? `Signed out${profile === "default" ? "" : ` (profile ${profile})`}.` : "Nobody was signed in.",
  );
  return 0;
}
