import { parseCheckpoint, type SignedCheckpoint, verifyCheckpoint } from "@phi/shared/audit/checkpoint";
import { followKey } from "@phi/shared/audit/follow-key";
import { formatLogKey, type LogKey, parseLogKey } from "@phi/shared/audit/log-key";
import { decodeHash, sameHash } from "@phi/shared/audit/merkle-hash";
import { verifyConsistency } from "@phi/shared/audit/verify-proof";
import type { InclusionReply } from "@phi/shared/contract/log";
import type { BrokerClient } from "../broker-client/client.js";
import type { Witnessed } from "./witness-file.js";

/** What came of holding a log to what was seen of it. */
export type Held =
  | {
      readonly outcome: "holds";
      /** To be remembered from now on. */
      readonly witnessed: Witnessed;
      /** Keys that the log was given since, newest last. */
      readonly newKeys: readonly string[];
      /** There was nothing to hold it to. */
      readonly isFirst: boolean;
    }
  /** The log is not the one that was seen; `evidence` is all that shows it. */
  | { readonly outcome: "broken"; readonly because: string; readonly evidence: object };

type LogClient = Pick<BrokerClient, "log" | "consistency" | "rotations">;

/**
 * Holds the log to what this machine saw of it: the same log, signed with a key that is known or that the known one leads to, and with nothing changed
 * or taken away before its end. Asks the broker for proofs where it needs them; rejects with what the broker refuses, which is no proof.
 */
export async function holdLog(client: LogClient, before: Witnessed | undefined, note: string): Promise<Held> {
  const seen = parseCheckpoint(note);
  const broken = (because: string, more: object = {}): Held => ({
    outcome: "broken",
    because,
    evidence: { because, before, seen: note, ...more },
  });
  if (seen === undefined) return broken("what the broker shows is no signed checkpoint");

  const isFirst = before === undefined;
  const known = parseLogKey(before?.key ?? (await client.log()).key);
  if (known === undefined) return broken("the log's key cannot be read");
  if (seen.origin !== known.name)
    return broken(`it is another log: ${seen.origin}, where ${known.name} was known before`);
  const last = before?.checkpoint === undefined ? undefined : parseCheckpoint(before.checkpoint);
  // Shown to a command that was quick, and looked at after another one had followed the log to a new key.
  const isOlder = last !== undefined && seen.size <= last.size;
  const former = isOlder ? (before?.former ?? []).map(parseLogKey).filter((key) => key !== undefined) : [];
  const keys = verifyCheckpoint(seen, former) ? { list: [known], rotations: [] } : await keysOf(client, known, seen);
  if (!verifyCheckpoint(seen, [...former, ...keys.list]))
    return broken("it is signed with a key that nothing known leads to", { rotations: keys.rotations });
  const newest = formatLogKey(keys.list.at(-1) ?? known);
  const left = [...(before?.former ?? []), ...keys.list.slice(0, -1).map(formatLogKey)];
  const holds = (checkpoint: string): Held => ({
    outcome: "holds",
    witnessed: { key: newest, checkpoint, ...(left.length === 0 ? {} : { former: left }) },
    newKeys: keys.list.slice(1).map(formatLogKey),
    isFirst,
  });

  if (last === undefined || before?.checkpoint === undefined || before.checkpoint === note) return holds(note);
  if (last.size === seen.size)
    return sameHash(last.root, seen.root)
      ? holds(note)
      : broken(`two different logs of ${seen.size} events were signed`);

  const [older, newer] = last.size < seen.size ? [last, seen] : [seen, last];
  const { proof } = await client.consistency(older.size, newer.size);
  const hashes = proof.map(decodeHash).filter((hash) => hash !== undefined);
  if (hashes.length !== proof.length || !verifyConsistency(older, newer, hashes))
    return broken(`its first ${older.size} events are not those that were there before`, { proof });
  return holds(newer === seen ? note : before.checkpoint);
}

async function keysOf(
  client: LogClient,
  known: LogKey,
  seen: SignedCheckpoint,
): Promise<{ list: LogKey[]; rotations: readonly InclusionReply[] }> {
  // Two signatures are a rotation: the known key holds for the last time.
  const isPlain = seen.note.signatures.length === 1;
  if (isPlain && verifyCheckpoint(seen, [known])) return { list: [known], rotations: [] };
  const { rotations } = await client.rotations();
  const proven = rotations.map((one) => ({
    ...one,
    proof: one.proof.map(decodeHash).filter((hash) => hash !== undefined),
  }));
  return { list: followKey(known, proven), rotations };
}
