import { PhiError } from "@phi/shared/errors";
import type { Peek } from "../argv.js";
import { askForLease, readMeant } from "../broker-client/hot-client-lease.js";
import { openHotClient } from "../broker-client/hot-client-open.js";
import type { Ending } from "../child/ending.js";
import { leaseVariables, staleVariables } from "../child/environment.js";
import { readLeaseFlags } from "../child/lease-flags.js";
import { isShellDialect, type ShellDialect, writeAssignments } from "../child/shell-words.js";
import { isTerminal } from "../terminal/style.js";
import { writeAll } from "../terminal/write.js";

type Environment = Readonly<Record<string, string | undefined>>;

const USAGE = 'eval "$(phi env [RESOURCE | REQUEST] [--shell sh|fish|json])"';

/**
 * `phi env`: a credential for scripts that cannot run under `phi exec`. It lives until its window closes or `phi end`.
 * It is acknowledged only after everything was written: a secret that reached nobody is revoked within seconds.
 */
export async function env(peek: Peek, around: Environment): Promise<Ending> {
  const { globals } = peek;
  const flags = readLeaseFlags(peek, { usage: USAGE, takes: ["shell"] });
  if (peek.tail !== undefined)
    throw new PhiError("usage", "phi env takes no command.", { hint: "phi exec -- COMMAND" });
  const dialect = dialectOf(flags.options.shell, globals.json, around);

  const { client, bearWitness } = await openHotClient(globals, around);
  const reply = await askForLease(client, {
    meant: readMeant(flags.what, flags.request),
    role: flags.role,
    use: "window",
    command: [],
    terminal: false,
    noInput: globals.noInput,
    noColor: globals.noColor,
    spelledOut: (request) => `phi env --request ${request}`,
  });

  const variables = leaseVariables(reply);
  const text = writeAssignments(dialect, variables, staleVariables(around, variables));
  if (!writeAll(1, text)) {
    await client.endLease(reply.lease, { because: "not_started" });
    throw new PhiError("local_state", "Nobody read the credential, so it was taken back.");
  }
  await client.acknowledge(reply.lease);
  if (isTerminal(1) && dialect !== "json" && !globals.quiet) {
    writeAll(
      2,
      `phi: this only prints. To use it: eval "$(phi env ${reply.resource})"; to give it back: phi end ${reply.request}\n`,
    );
  }
  await bearWitness();
  return { code: 0 };
}

/** As asked for, else fish when that is the person's shell, else POSIX sh. */
function dialectOf(asked: string | undefined, json: boolean, around: Environment): ShellDialect {
  if (asked === undefined)
    return json
      ? "json"
      : /(?:^|\/)fish$/.test(around.SHELL ?? "") && around.BASH_VERSION === undefined
        ? "fish"
        : "sh";
  if (isShellDialect(asked)) return asked;
  throw new PhiError("usage", "--shell is sh (also bash, zsh, dash, ksh), fish or json.", { hint: USAGE });
}
