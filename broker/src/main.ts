import { Command } from "commander";
import { adoptLog, eraseTexts, rotateLogKey, showLogKey } from "./commands/audit.js";
import { verifyAudit } from "./commands/audit-verify.js";
import { backUp } from "./commands/backup.js";
import { checkConfig, printConfigSchema } from "./commands/config.js";
import { listDeliveries, retryDelivery, skipDelivery } from "./commands/deliveries.js";
import { abandonLease, listLeases } from "./commands/leases.js";
import { listLocks, lock, unlock } from "./commands/locks.js";
import { tryChannel } from "./commands/notify.js";
import { diffPolicies } from "./commands/policy/diff.js";
import { replayPolicy } from "./commands/policy/replay.js";
import { testPolicy } from "./commands/policy/test.js";
import { reconcile } from "./commands/reconcile.js";
import { reportError } from "./commands/report-error.js";
import { serve } from "./commands/serve.js";
import { showStatus } from "./commands/status.js";
import { VERSION } from "./version.js";

/** How long a clean stop may take, in ms. */
const STOP_WITHIN = 15_000;

const program = new Command("phi-broker")
  .description("The phi broker: decides, issues, revokes and records.")
  .version(VERSION)
  .showHelpAfterError("(phi-broker --help shows what there is)")
  .exitOverride();

/** A command with the option that all of them have. */
function command(parent: Command, name: string, description: string): Command {
  return parent.command(name).description(description).option("-c, --config <file>", "the configuration", "phi.yaml");
}
/** A command that asks the running broker. */
function operators(parent: Command, name: string, description: string): Command {
  return command(parent, name, description).option("--json", "one JSON document on standard output");
}

command(program, "serve", "serve until told to stop (SIGTERM or SIGINT)")
  .option("--json", 'when ready, one line {"listening": URL} on standard output')
  .action((options) => serve(options, process.env, () => setTimeout(() => process.exit(1), STOP_WITHIN).unref()));

const config = program.command("config").description("look at the configuration without serving");
command(config, "check", "list every mistake in the configuration and what its resources lack")
  .option("--offline", "do not ask the resources themselves")
  .action(async (options) => exitWith(await checkConfig(options, process.env)));
config
  .command("schema")
  .description("print the JSON Schema of the configuration, for editors")
  .action(printConfigSchema);

const policy = program.command("policy").description("try, compare and replay policies without changing anything");
operators(
  policy,
  "test <table>",
  "put a table of questions to the policies; exits 1 when an answer is not the expected one",
).action(async (table, options) => exitWith(await testPolicy(table, options)));
policy
  .command("diff <old> <new>")
  .description("who gains or loses what between two configurations; exits 1 when anything differs")
  .option("--json", "one JSON document on standard output")
  .action(async (old, changed, options) => exitWith(await diffPolicies(old, changed, options)));
operators(
  policy,
  "replay <new>",
  "put past requests of the running broker through the policies of another configuration",
)
  .requiredOption("--since <when>", "from when on: 30d, 2026-11-01")
  .action(async (changed, options) => exitWith(await replayPolicy(changed, options)));

operators(program, "status", "how the running broker stands; exits 1 when something is overdue").action(
  async (options) => exitWith(await showStatus(options)),
);

const leases = program.command("leases").description("credentials, as the ledger has them");
operators(leases, "list", "list leases; without --state those that have not ended")
  .option("--state <state>", "issuing, active, revoking, revoked or abandoned")
  .action(listLeases);
operators(leases, "abandon <lease>", "stop trying to revoke a lease; what is on the target stays there")
  .requiredOption("--reason <text>", "why, for the audit log")
  .action(abandonLease);

const lockSubject = [
  "--subject",
  "the name is the issuer's subject, of somebody who may never have signed in",
] as const;
const locking = program
  .command("lock")
  .description("end everything open of a person or a resource now, and refuse new");
const lifting = program.command("unlock").description("lift a lock; what it ended stays ended");
operators(locking, "principal <name>", "lock a person out, by name or subject")
  .option(...lockSubject)
  .requiredOption("--reason <text>", "why; shown to whom it keeps out, and kept on record")
  .action(async (name, options) => exitWith(await lock("principal", name, options)));
operators(locking, "resource <name>", "freeze a resource")
  .requiredOption("--reason <text>", "why; shown to whom it keeps out, and kept on record")
  .action(async (name, options) => exitWith(await lock("resource", name, options)));
operators(lifting, "principal <name>", "let a person in again")
  .option(...lockSubject)
  .option("--reason <text>", "why, for the audit log")
  .action((name, options) => unlock("principal", name, options));
operators(lifting, "resource <name>", "open a resource again")
  .option("--reason <text>", "why, for the audit log")
  .action((name, options) => unlock("resource", name, options));
operators(program.command("locks").description("what is locked"), "list", "list the locks in force").action(listLocks);

operators(program, "reconcile", "compare every target with the ledger now, and revoke what nobody has on record")
  .option("--dry-run", "look and report, change nothing")
  .option("--adopt", "take this ledger as the true one, also where the target has seen a newer one")
  .action(async (options) => exitWith(await reconcile(options)));

const deliveries = program.command("deliveries").description("how far each destination of the audit log has come");
operators(deliveries, "list", "list destinations, what they fail at, and what was put aside")
  .option("--destination <name>", "this one only")
  .action(listDeliveries);
operators(deliveries, "retry <destination>", "try now, and try again what was put aside")
  .option("--event <seq>", "of what was put aside, this one only")
  .action(retryDelivery);
operators(deliveries, "skip <destination> <seq>", "put aside the event that the destination fails at").action(
  skipDelivery,
);
const audit = program.command("audit").description("the signed audit log");
operators(audit, "key", "print the key that its checkpoints are verified with").action(showLogKey);
operators(
  audit,
  "verify",
  "verify every event against what was signed; exits 1 and names the first that is wrong",
).action(async (options) => exitWith(await verifyAudit(options, process.env)));
operators(audit, "rotate-key", "give it a new key; the old one signs that too").action(rotateLogKey);
operators(audit, "adopt-head", "begin it anew where the ledger stands, after a restore or the loss of its key")
  .requiredOption("--reason <text>", "why, for the audit log")
  .action(adoptLog);
operators(audit, "erase <id>", "erase what people typed into an event, or everywhere about a request")
  .requiredOption("--reason <text>", "why, for the audit log")
  .action(eraseTexts);

const notify = program.command("notify").description("telling people");
operators(notify, "test <channel>", "send a notice that says it is a try-out; exits 1 when it was not taken")
  .option("--to <address>", "whom, for channels that reach persons")
  .action(async (channel, options) => exitWith(await tryChannel(channel, options)));

operators(program, "backup <file>", "write a copy of the ledger while the broker runs").action(backUp);

function exitWith(code: number): void {
  process.exitCode = code;
}

// Not at the top level's await: the bundle is CommonJS.
program.parseAsync().then(
  () => process.exit(),
  (error: unknown) => process.exit(reportError(error)),
);
