import { PhiError } from "@phi/shared/errors";
import type { Peek } from "../argv.js";
import { askForLease, readMeant } from "../broker-client/hot-client-lease.js";
import { openHotClient } from "../broker-client/hot-client-open.js";
import type { Ending } from "../child/ending.js";
import { findCommand } from "../child/find-command.js";
import { readLeaseFlags } from "../child/lease-flags.js";
import { startUnderLease } from "../child/start-under-lease.js";
import { hasWholeTerminal } from "../child/whole-terminal.js";

const USAGE = "phi shell [RESOURCE | REQUEST]";

/**
 * `phi shell [RESOURCE | REQUEST] [--request ID] [--role R]`: `$SHELL`, else /bin/sh, under a lease; leaving the shell ends it.
 * Not on Windows, where a console has no job control that phi could keep.
 */
export async function shell(peek: Peek, env: Readonly<Record<string, string | undefined>>): Promise<Ending> {
  const { globals } = peek;
  const flags = readLeaseFlags(peek, { usage: USAGE, takes: [] });
  if (peek.tail !== undefined)
    throw new PhiError("usage", "phi shell takes no command.", { hint: "phi exec -- COMMAND" });
  if (process.platform === "win32")
    throw new PhiError("usage", "phi shell does not work on Windows.", { hint: "phi exec -- powershell" });

  const command = env.SHELL === undefined || env.SHELL === "" ? "/bin/sh" : env.SHELL;
  const file = findCommand(command, env.PATH);
  const { client, bearWitness } = await openHotClient(globals, env);
  const lease = askForLease(client, {
    meant: readMeant(flags.what, flags.request),
    role: flags.role,
    use: "command",
    command: [command],
    terminal: hasWholeTerminal(),
    noInput: globals.noInput,
    noColor: globals.noColor,
    spelledOut: (request) => `phi shell --request ${request}`,
  });
  return startUnderLease({
    client,
    bearWitness,
    lease,
    file,
    words: [command],
    recorded: [command],
    env,
    flags: globals,
    isShell: true,
  });
}
