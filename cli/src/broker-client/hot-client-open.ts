import type { Globals } from "../argv.js";
import { type CurrentSignIn, currentSignIn } from "../auth/current-sign-in.js";
import { loginCommand } from "../auth/profiles.js";
import { createKeepShown, isMuchShown } from "../witness/shown.js";
import { createHotClient, type HotClient } from "./hot-client.js";
import { openTransport } from "./transport-open.js";

/** The hot path's client as the signed-in person. Throws `sign_in_required`, `local_state`, `invalid_input`. */
export async function openHotClient(
  globals: Globals,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{
  client: HotClient;
  current: CurrentSignIn;
  /** When the command's own work is over: holds the log to what was shown of it, once that is much. Throws `log_broken`. */
  bearWitness(): Promise<void>;
}> {
  const current = await currentSignIn(globals, env);
  const transport = await openTransport(current.broker, env);
  const context = { broker: current.broker, login: loginCommand(current.profile) };
  const keepShown = createKeepShown(env, current.broker);
  return {
    client: createHotClient({ transport, token: current.token, context, keepShown }),
    current,
    async bearWitness() {
      if (!isMuchShown(env, current.broker)) return;
      const { settleShown } = await import("../witness/settle-shown.js");
      await settleShown(globals);
    },
  };
}
