import { PhiError } from "@phi/shared/errors";
import type { Peek } from "../argv.js";
import { askForLease, readMeant } from "../broker-client/hot-client-lease.js";
import { openHotClient } from "../broker-client/hot-client-open.js";
import type { Ending } from "../child/ending.js";
import { findCommand } from "../child/find-command.js";
import { readLeaseFlags } from "../child/lease-flags.js";
import { redactCommand } from "../child/redact.js";
import { startUnderLease } from "../child/start-under-lease.js";
import { hasWholeTerminal } from "../child/whole-terminal.js";
import { typedCommand } from "../terminal/typed-command.js";

type Environment = Readonly<Record<string, string | undefined>>;

const USAGE = "phi exec [RESOURCE | REQUEST] -- COMMAND [ARGUMENT…]";

/** `phi exec [RESOURCE | REQUEST] [--request ID] [--role R] -- COMMAND…`: runs one command under a lease of its own. */
export async function exec(peek: Peek, env: Environment): Promise<Ending> {
  const { tail, globals } = peek;
  const flags = readLeaseFlags(peek, { usage: USAGE, takes: [] });
  const [command] = tail ?? [];
  if (tail === undefined || command === undefined) {
    const [first, ...rest] = peek.args;
    const guess = rest.length > 0 ? `phi exec ${first ?? ""} -- ${rest.join(" ")}` : "phi exec -- psql";
    throw new PhiError("usage", "There is no command to run: it stands after --.", { hint: guess });
  }

  const file = findCommand(command, env.PATH);
  const { client, bearWitness } = await openHotClient(globals, env);
  const recorded = await redactCommand(tail);
  const lease = askForLease(client, {
    meant: readMeant(flags.what, flags.request),
    role: flags.role,
    use: "command",
    command: recorded,
    terminal: hasWholeTerminal(),
    noInput: globals.noInput,
    noColor: globals.noColor,
    spelledOut: (request) => typedCommand(["phi", "exec", "--request", request, "--", ...recorded]),
  });
  return startUnderLease({
    client,
    bearWitness,
    lease,
    file,
    words: tail,
    recorded,
    env,
    flags: globals,
    isShell: false,
  });
}
