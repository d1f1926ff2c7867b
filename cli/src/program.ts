import { Command, CommanderError } from "commander";
import { type Globals, peekArgv } from "./argv.js";
import type { CommandModule, Run } from "./command-module.js";
import { helpWithExamples } from "./help-layout.js";
import { type Invocation, openInvocation } from "./invocation.js";
import { asPhiError } from "./terminal/as-phi-error.js";
import { say } from "./terminal/output.js";
import { processSurroundings, type Surroundings } from "./terminal/terminal.js";
import { unknownCommand, usageError } from "./usage-error.js";
import { VERSION } from "./version.js";

const WHO = "Sign in:";
const ASK = "Ask and answer:";
const WORK = "Work:";
const BACK = "Look back and around:";
const hot = () => import("./commands/hot-help.js");

type Entry = readonly [
  name: string,
  group: string,
  summary: string,
  load: (program: LazyProgram) => Promise<CommandModule>,
];

/** The command tree. A command's file is read only when the command is typed, or for its help. */
const COMMANDS: readonly Entry[] = [
  ["login", WHO, "sign in, in any browser", () => import("./commands/login.js")],
  ["logout", WHO, "end the sign-in, here and on the broker", () => import("./commands/logout.js")],
  ["whoami", WHO, "who I am to the broker", () => import("./commands/whoami.js")],
  ["status", WHO, "sign-in, open requests and the time they have left", () => import("./commands/status.js")],
  [
    "resources",
    ASK,
    "what I may ask for: role, longest duration, who answers",
    () => import("./commands/resources.js"),
  ],
  ["why", ASK, "what a request would be answered, why, and what would change it", () => import("./commands/why.js")],
  ["request", ASK, "ask for a role on a resource, for a time", () => import("./commands/request.js")],
  ["requests", ASK, "list requests: mine, those that wait for me, all", () => import("./commands/requests.js")],
  ["show", ASK, "everything about one request; --wait for its answer", () => import("./commands/show.js")],
  ["approve", ASK, "say yes to a request", () => import("./commands/approve.js")],
  ["deny", ASK, "say no to a request, with the reason", () => import("./commands/deny.js")],
  ["accept", ASK, "take what an approver offers instead of what I asked for", () => import("./commands/accept.js")],
  ["delegate", ASK, "hand my approvals over to a colleague, for a span", () => import("./commands/delegate.js")],
  ["review", ASK, "say what you found of an emergency that is over", () => import("./commands/review.js")],
  ["withdraw", ASK, "take back a request that is still pending", () => import("./commands/withdraw.js")],
  ["exec", WORK, "run a command with a credential made for it", async () => (await hot()).exec],
  ["shell", WORK, "the same with your shell", async () => (await hot()).shell],
  ["env", WORK, "print the credential as variables, valid until the window closes", async () => (await hot()).env],
  ["prompt", WORK, "resource and time left, for the shell's prompt", async () => (await hot()).prompt],
  ["extend", WORK, "ask for more time in what is open now; what runs goes on", () => import("./commands/extend.js")],
  ["end", WORK, "give access back early", () => import("./commands/end.js")],
  ["revoke", WORK, "take access back from somebody, now", () => import("./commands/revoke.js")],
  [
    "lock",
    BACK,
    "end everything open of a person or resource now, and refuse new (admins)",
    () => import("./commands/lock.js"),
  ],
  ["unlock", BACK, "lift a lock (admins)", () => import("./commands/unlock.js")],
  ["locks", BACK, "what is locked, since when, by whom and why", () => import("./commands/locks.js")],
  [
    "audit",
    BACK,
    "who asked, who said yes, what was made, what was run, when it ended",
    () => import("./commands/audit.js"),
  ],
  ["report", BACK, "who had what, for how long, who said yes and how fast", () => import("./commands/report.js")],
  [
    "sessions",
    BACK,
    "what was run under which access, and whether it is recorded",
    () => import("./commands/sessions.js"),
  ],
  ["watch", BACK, "follow a recorded session while it runs", () => import("./commands/watch.js")],
  ["replay", BACK, "play the recording of a session, or write it to a file", () => import("./commands/replay.js")],
  [
    "completion",
    BACK,
    "completion for bash, zsh or fish",
    async (lazy) => (await import("./commands/completion.js")).createCompletion(lazy.whole),
  ],
  [
    "help",
    BACK,
    "this text, help for a command, exit-codes, environment",
    async (lazy) => (await import("./commands/help.js")).createHelp(lazy),
  ],
];

/** The tree with the flags of only those commands that were looked at. */
interface LazyProgram {
  readonly program: Command;
  /** One command with its flags, or `undefined` when there is none of that name. */
  readonly find: (name: string) => Promise<Command | undefined>;
  /** With the flags of every command. */
  readonly whole: () => Promise<Command>;
}

/**
 * Runs one command; `argv` are the words after the program's name, global flags included, which `globals` already holds.
 * Gives the exit code; throws a `PhiError` for what a person must be told and `Interrupted` after Ctrl-C; never ends the process.
 */
export async function runProgram(
  argv: readonly string[],
  globals: Globals,
  around: Surroundings = processSurroundings(),
): Promise<number> {
  const phi = await openInvocation(globals, around);
  let exit = 0;
  const run: Run = async (work) => {
    exit = await work(phi);
  };
  let active: Command | undefined;
  try {
    const lazy = buildProgram(run, around);
    active = lazy.program;
    const { word } = peekArgv(argv, around.env);
    if (word !== undefined) active = await lazy.find(word);
    if (active === undefined)
      throw unknownCommand(
        word ?? "",
        COMMANDS.map(([name]) => name),
      );
    if (argv.length === 0 || word === undefined)
      return await lazy.program.parseAsync([...argv, "--help"], { from: "user" }).then(() => 0);
    await lazy.program.parseAsync([...argv], { from: "user" });
    await phi.bearWitness();
    return exit;
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      await witnessRefusal(phi, error);
      throw error;
    }
    if (error.exitCode === 0) return 0;
    throw usageError(error, active ?? new Command("phi"));
  } finally {
    phi.close();
  }
}

/** A command that failed was shown the log too. When that is not the log that was seen, this is said, and what the command failed with beside it. */
async function witnessRefusal(phi: Invocation, error: unknown): Promise<void> {
  const known = asPhiError(error);
  if (known === undefined || known.code === "log_broken" || known.code === "broker_unreachable") return;
  try {
    await phi.bearWitness();
  } catch (broken) {
    if (asPhiError(broken)?.code !== "log_broken") return;
    say(phi.terminal, known.message);
    throw broken;
  }
}

function buildProgram(run: Run, around: Surroundings): LazyProgram {
  const program = helpWithExamples(new Command("phi"), [
    "phi login --broker https://phi.example.com",
    'phi request db-prod --for 30m --reason "INC-42"',
    "phi approve req_7k3m",
    "phi exec -- psql",
    "phi audit --since 7d",
  ])
    .description("Access to production for minutes: ask, get a yes, work, and it is gone.")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this")
    .helpCommand(false)
    .option("--profile <name>", "which sign-in to use (PHI_PROFILE)")
    .option("--broker <url>", "which broker to speak to (PHI_BROKER)")
    .option("--json", "data as JSON, errors as JSON on stderr")
    .option("--no-input", "never ask; name the missing flag instead (PHI_NO_INPUT)")
    .option("--no-color", "no colour (NO_COLOR)")
    .option("-q, --quiet", "say nothing but errors")
    .exitOverride()
    .configureOutput({ writeOut: (text) => around.stdout.write(text), writeErr: () => undefined })
    .showSuggestionAfterError(false)
    .allowExcessArguments(false);

  const loaded = new Map<string, Promise<Command>>();
  for (const [name, group, summary] of COMMANDS)
    program
      .command(name)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
      .helpGroup(group)
      .copyInheritedSettings(program);

  const find = async (name: string): Promise<Command | undefined> => {
    const entry = COMMANDS.find(([known]) => known === name);
    const command = program.commands.find((known) => known.name() === name);
    if (entry === undefined || command === undefined) return undefined;
    const pending =
      loaded.get(name) ??
      entry[3](lazy).then(({ define, examples }) => {
        define(helpWithExamples(command, examples), run);
        return command;
      });
    loaded.set(name, pending);
    return pending;
  };
  const lazy: LazyProgram = {
    program,
    find,
    whole: async () => {
      for (const [name] of COMMANDS) await find(name);
      return program;
    },
  };
  return lazy;
}
