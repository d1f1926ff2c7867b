import { PhiError } from "@phi/shared/errors";
import type { BrokerClient } from "../broker-client/client.js";
import { asPhiError } from "../terminal/as-phi-error.js";
import { say, warn } from "../terminal/output.js";
import type { Terminal } from "../terminal/terminal.js";
import { holdLog } from "./hold-log.js";
import { takeShown } from "./take-shown.js";
import { readWitnessed, type Witnessed, writeEvidence, writeWitnessed } from "./witness-file.js";

interface Witness {
  readonly client: BrokerClient;
  readonly broker: URL;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  /** As the person would type it. */
  readonly trustCommand: string;
}

/**
 * After a command: holds the broker's log to what this machine saw of it before, and remembers what it sees now. What commands that must be quick
 * were shown meanwhile comes first. Costs one more call for each checkpoint that is new.
 *
 * @throws PhiError `log_broken`, with the evidence in a file, when it is not the same log; never only a warning
 */
export async function bearWitness({ client, broker, env, terminal, trustCommand }: Witness): Promise<void> {
  const before = readWitnessed(env, broker);
  const note = client.seenCheckpoint();
  if (note === undefined && before?.checkpoint !== undefined && client.wasAnswered())
    throw broken(`The broker at ${broker.origin} shows no signed log any more, and did before.`, "", trustCommand);
  const shown = takeShown(env, broker);
  let known = before;
  for (const one of note === undefined ? shown.notes : [...shown.notes, note]) {
    if (one === known?.checkpoint) continue;
    const next = await hold({ client, broker, env, terminal, trustCommand }, known, one);
    if (next === undefined) return;
    known = next;
  }
  shown.done();
}

/** What is to be remembered from now on; `undefined` when nothing can be proven now: then nothing is remembered, and the next command asks again. */
async function hold(witness: Witness, before: Witnessed | undefined, note: string): Promise<Witnessed | undefined> {
  const { client, broker, env, terminal, trustCommand } = witness;
  try {
    const held = await holdLog(client, before, note);
    if (held.outcome === "broken") {
      const file = writeEvidence(env, broker, { broker: broker.origin, ...held.evidence }, new Date());
      throw broken(
        `The audit log of ${broker.origin} is not the one this machine saw: ${held.because}.`,
        file,
        trustCommand,
      );
    }
    if (held.newKeys.length > 0)
      say(terminal, `The audit log has a new key, as the log itself proves: ${held.witnessed.key}`);
    if (held.witnessed.checkpoint !== before?.checkpoint) writeWitnessed(env, broker, held.witnessed);
    return held.witnessed;
  } catch (error) {
    const known = asPhiError(error);
    if (known === undefined || known.code === "log_broken" || known.code === "local_state") throw error;
    // Signed out, or locked out: nobody proves anything to them now.
    if (known.code.startsWith("sign_in") || known.code === "locked") return undefined;
    if (known.code === "broker_unreachable") {
      warn(terminal, "the audit log could not be checked: the broker does not answer");
      return undefined;
    }
    const evidence = {
      broker: broker.origin,
      before,
      seen: note,
      refused: { code: known.code, message: known.message },
    };
    const file = writeEvidence(env, broker, evidence, new Date());
    throw broken(`The broker at ${broker.origin} does not prove its audit log: ${known.message}`, file, trustCommand);
  }
}

function broken(message: string, file: string, trustCommand: string): PhiError {
  const kept = file === "" ? "" : `the evidence is in ${file}: keep it, and `;
  return new PhiError("log_broken", message, {
    hint: `${kept}tell whoever runs the broker. Only if they began the log anew: ${trustCommand}`,
    data: file === "" ? {} : { evidence: file },
  });
}
