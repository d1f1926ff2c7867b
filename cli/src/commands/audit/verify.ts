import { createReadStream, readFileSync } from "node:fs";
import { parseCheckpoint, type SignedCheckpoint } from "@phi/shared/audit/checkpoint";
import { formatLogKey, type LogKey, parseLogKey } from "@phi/shared/audit/log-key";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import type { Command } from "commander";
import type { Run } from "../../command-module.js";
import { helpWithExamples } from "../../help-layout.js";
import type { Invocation } from "../../invocation.js";
import { readSessionId } from "../../sessions/typed-session.js";
import { say, writeData, writeJson } from "../../terminal/output.js";
import { verifyExport } from "../../witness/verify-export.js";
import { verifyProof, verifyProofText } from "../../witness/verify-proof-file.js";
import { createMarks, type Mark, type VerifiedRecordings, verifyRecordings } from "../../witness/verify-recordings.js";
import { readWitnessed } from "../../witness/witness-file.js";

interface Flags {
  readonly offline?: string;
  readonly key?: string;
  readonly recordings?: boolean;
  readonly session?: string;
}

/** Bytes of a proof file that are looked at; an event is far smaller. */
const LARGEST_PROOF = 262_144;

/** `phi audit verify`: that nobody changed the log. */
export function defineVerify(command: Command, run: Run): void {
  helpWithExamples(command, [
    "phi audit verify",
    "phi audit verify --recordings",
    "phi audit verify --session ses_7k3m",
    "phi audit verify --offline all.jsonl --key phi.audit/k2m9x4+1b3a…+AbQ…",
    "phi audit verify --offline evt_7k3m.tlog-proof --key …",
  ])
    .description(
      "Verify the whole log, from its first event to the checkpoint that is signed; exit 1 names the first event that is wrong.",
    )
    .option(
      "--offline <file>",
      "an export (phi audit export, unfiltered) or a proof (phi audit prove), without a broker",
    )
    .option("--recordings", "as an auditor: also every recording that the log covers, which are all fetched")
    .option("--session <session>", "as an auditor: also the recording of this session")
    .option("--key <key>", "the log's key; else the one this machine knows of the broker")
    .action(() => run((phi) => verify(phi, command.optsWithGlobals<Flags>())));
}

async function verify(phi: Invocation, flags: Flags): Promise<number> {
  if (flags.offline !== undefined && (flags.recordings === true || flags.session !== undefined))
    throw new PhiError("usage", "Recordings are not in an export: they are with the broker.", {
      hint: "phi audit verify --recordings",
    });
  if (flags.offline === undefined) return verifyOnline(phi, flags);
  const key = readKey(flags.key);
  if (key === undefined)
    throw new PhiError("usage", "Which key? Without a broker there is nobody to ask.", {
      hint: "--key, as phi-broker audit key or phi status prints it",
    });
  const proof = readProof(flags.offline);
  if (proof !== undefined) return reportProof(phi, proof, key);
  return reportLog(phi, await verifyExport(openFile(flags.offline), { keys: [key], witnessed: undefined }), key);
}

async function verifyOnline(phi: Invocation, flags: Flags): Promise<number> {
  const { broker: url } = await phi.signedIn();
  const broker = await phi.broker();
  const me = await broker.me();
  // First the log is held to what this machine saw, which follows its key; then it is read.
  await phi.bearWitness();
  const witnessed = readWitnessed(phi.env, url);
  const key = readKey(flags.key) ?? parseLogKey(witnessed?.key ?? "");
  if (key === undefined)
    throw new PhiError("wrong_state", "The broker shows no signed log.", {
      hint: "Whoever runs it reads: phi-broker status",
    });
  const last = witnessed?.checkpoint === undefined ? undefined : parseCheckpoint(witnessed.checkpoint);
  if (!me.mayAudit) {
    if (flags.recordings === true || flags.session !== undefined)
      throw new PhiError("not_permitted", "Only auditors and admins verify recordings: it takes the whole log.", {
        hint: "phi audit verify",
      });
    return verifyOwn(phi, key, last);
  }
  const pieces = await phi.download("/v1/audit/export?format=jsonl", new AbortController().signal);
  const marks = createMarks();
  const verified = await verifyExport(pieces, { keys: [key], witnessed: last, heard: marks.hear });
  if (verified.fault !== undefined) return reportLog(phi, verified, key);
  const meant = meantOf(phi, flags, marks.of);
  const recordings = { ...(await verifyRecordings(broker, meant)), unchecked: marks.of.size - meant.size };
  const [first] = recordings.changed;
  if (first !== undefined)
    throw new PhiError(
      "log_broken",
      `The recording of ${first.session} is not what it was, from piece ${first.piece} on: ${first.why}.`,
      {
        hint: "keep what you verified, and tell whoever runs the broker",
        data: { recordings: recordings.changed },
      },
    );
  return reportLog(phi, verified, key, recordings);
}

/** The recordings that are to be checked. */
function meantOf(
  phi: Invocation,
  flags: Flags,
  marks: ReadonlyMap<string, readonly Mark[]>,
): ReadonlyMap<string, readonly Mark[]> {
  if (flags.session === undefined) return flags.recordings === true ? marks : new Map();
  const typed = readSessionId(phi, flags.session);
  const found = [...marks].filter(([session]) => session.startsWith(typed));
  if (found.length === 1) return new Map(found);
  throw new PhiError(
    "not_found",
    found.length === 0
      ? `The log covers no recording of ${printable(typed, 60)}.`
      : `${printable(typed, 60)} can be several sessions.`,
    { hint: phi.typed("sessions") },
  );
}

/** Who may not read everything verifies that the log only grew, and that each event they may see is in it. */
async function verifyOwn(phi: Invocation, key: LogKey, last: SignedCheckpoint | undefined): Promise<number> {
  const broker = await phi.broker();
  const { events } = await broker.audit({ order: "newest", limit: 50 });
  for (const { event } of events) verifyProof(await broker.inclusion(event), [key]);
  if (phi.terminal.json)
    writeJson(phi.terminal, { verified: events.length, signed: last?.size, key: formatLogKey(key), whole: false });
  else
    writeData(
      phi.terminal,
      `ok: the log only grew since this machine first saw it (${last?.size ?? 0} events now), and your newest ${events.length} events are in it`,
    );
  say(phi.terminal, "Auditors and admins verify every event.");
  return 0;
}

/** Recordings that were checked, and how many the log covers besides. */
type CheckedRecordings = VerifiedRecordings & { readonly unchecked: number };

function reportLog(
  phi: Invocation,
  verified: Awaited<ReturnType<typeof verifyExport>>,
  key: LogKey,
  recordings?: CheckedRecordings,
): number {
  const { events, signed, fault } = verified;
  if (fault !== undefined) {
    throw new PhiError("log_broken", `Event ${fault.seq} ${fault.because}.`, {
      hint: "keep what you verified, and tell whoever runs the broker",
      data: { seq: fault.seq },
    });
  }
  const unsigned = events - signed;
  if (phi.terminal.json) {
    const { checked, removed, unchecked } = recordings ?? {};
    writeJson(phi.terminal, {
      ...{ verified: events, signed, key: formatLogKey(key), whole: true },
      ...(recordings === undefined ? {} : { recordings: { checked, removed, unchecked } }),
    });
  } else {
    writeData(
      phi.terminal,
      `ok: ${signed} events are those that were signed${unsigned > 0 ? `; ${unsigned} newer are not under this checkpoint` : ""}`,
    );
    if (recordings !== undefined && recordings.checked > 0)
      writeData(
        phi.terminal,
        `ok: ${recordings.checked} recordings are those that the log covers${recordings.removed > 0 ? `; ${recordings.removed} of them were removed, as the log says` : ""}`,
      );
  }
  if (recordings !== undefined && recordings.unchecked > 0)
    say(phi.terminal, `${recordings.unchecked} recordings were not checked: phi audit verify --recordings`);
  return 0;
}

function reportProof(phi: Invocation, text: string, key: LogKey): number {
  const { event, index, signed } = verifyProofText(text, [key]);
  if (phi.terminal.json) writeJson(phi.terminal, { event, signed });
  else
    writeData(
      phi.terminal,
      `ok: ${event.event} (${event.kind}, ${event.at}) is event ${index + 1} of the ${signed} that were signed`,
    );
  return 0;
}

function readKey(text: string | undefined): LogKey | undefined {
  if (text === undefined) return undefined;
  const key = parseLogKey(text.trim());
  if (key === undefined)
    throw new PhiError("invalid_input", "--key: this is not the key of a log.", {
      hint: "name+id+base64, as phi-broker audit key prints it",
    });
  return key;
}

/** The file's text, if it begins as a proof does. */
function readProof(file: string): string | undefined {
  try {
    const bytes = readFileSync(file).subarray(0, LARGEST_PROOF);
    return bytes.subarray(0, 15).toString("latin1") === "c2sp.org/tlog-p" ? bytes.toString("utf8") : undefined;
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function* openFile(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of createReadStream(file)) yield bytes as Buffer;
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): PhiError {
  return new PhiError("local_state", `The file ${printable(file, 200)} cannot be read.`, { cause });
}
