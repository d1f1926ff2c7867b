import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { rmSync } from "node:fs";
import { checkpointText, parseCheckpoint, verifyCheckpoint } from "@phi/shared/audit/checkpoint";
import { EMPTY_FRONTIER, type Frontier, rootOf } from "@phi/shared/audit/frontier";
import { formatLogKey, type LogKey, logKeyOf, parseLogKey, signText } from "@phi/shared/audit/log-key";
import { sameHash } from "@phi/shared/audit/merkle-hash";
import { formatSignature } from "@phi/shared/audit/signed-note";
import type { Log } from "../ports/log.js";
import type { LogConflict, LogSigner, SigningDesk, StoredHead } from "../ports/log-signer.js";
import { type RememberedHead, readHead, writeHead } from "./head-file.js";
import { makeKey, readKey, replaceKey } from "./key-file.js";
import { epochOf, logName } from "./log-name.js";

/** The head is on disk at most so long after it was signed, in ms: a broker that dies remembers a little less, which it reads up on. */
const WRITE_WITHIN = 250;

/**
 * The desk with its key in `keyFile`, the head beside it (`.head`) and, during a rotation, the next key (`.next`): all of them outside the ledger, so
 * that who can write the ledger cannot sign for it.
 */
export function createSigningDesk(keyFile: string, log: Log): SigningDesk {
  const headFile = `${keyFile}.head`;
  const nextFile = `${keyFile}.next`;
  let next: KeyObject | undefined;
  let unwritten: RememberedHead | undefined;
  let written = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  async function write(): Promise<void> {
    const head = unwritten;
    if (head === undefined) return;
    await writeHead(headFile, head);
    if (unwritten === head) unwritten = undefined;
  }

  /** One after the other: a write that was begun before never ends after. */
  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    written = written.catch(() => undefined).then(write);
    return written;
  }

  function writeSoon(): void {
    // Kept until the next checkpoint; until then a broker that dies remembers less.
    flush().catch(() => log.error("the head of the audit log could not be written", { file: headFile }));
  }

  function signer(origin: string, first: KeyObject, begin: Frontier): LogSigner {
    let current = first;
    let trusted = begin;
    const known = new Map<KeyObject, { readonly key: LogKey; readonly text: string }>();
    /** Deriving the public half takes as long as a signature. */
    const half = (key: KeyObject) => {
      const before = known.get(key);
      if (before !== undefined) return before;
      const made = logKeyOf(origin, key);
      const entry = { key: made, text: formatLogKey(made) };
      known.set(key, entry);
      return entry;
    };
    const named = (key: KeyObject) => half(key).text;
    return {
      origin,
      get key() {
        return named(current);
      },
      get trusted() {
        return trusted;
      },
      sign(checkpoint, before, rotates) {
        const last = [current, next].find((key) => key !== undefined && named(key) === before);
        if (last === undefined || (rotates && next === undefined)) return undefined;
        const keys = rotates && next !== undefined && next !== last ? [last, next] : [last];
        const text = checkpointText(checkpoint);
        const lines = keys.map((key) => formatSignature({ ...half(key).key, signature: signText(text, key) }));
        return { signatures: lines.join(""), key: named(keys.at(-1) ?? last) };
      },
      remember(frontier, { key, checkpoint }) {
        trusted = frontier;
        unwritten = { origin, frontier, checkpoint };
        timer ??= setTimeout(writeSoon, WRITE_WITHIN).unref();
        if (next !== undefined && key === named(next)) {
          current = next;
          useNext(next);
        }
      },
    };
  }

  /** The rotation is in the ledger: from now on there is one key again. */
  function useNext(key: KeyObject): void {
    replaceKey(keyFile, key);
    rmSync(nextFile, { force: true });
    next = undefined;
  }

  /** The key that signed the ledger's head. A rotation that a dying broker left behind counts if the ledger has it. */
  function keyFor(stored: StoredHead): KeyObject | undefined {
    const left = readKey(nextFile);
    if (left !== undefined && formatLogKey(logKeyOf(stored.origin, left)) === stored.key) useNext(left);
    else rmSync(nextFile, { force: true });
    const key = readKey(keyFile);
    return key !== undefined && formatLogKey(logKeyOf(stored.origin, key)) === stored.key ? key : undefined;
  }

  return {
    open(brokerTag, stored, newest) {
      const remembered = readHead(headFile);
      if (stored === undefined) {
        if (remembered !== undefined && remembered.frontier.size > 0)
          return conflict(
            `this ledger has no signed log, but ${remembered.frontier.size} events of ${remembered.origin} were signed here`,
          );
        return signer(logName(brokerTag, 1), readKey(keyFile) ?? makeKey(keyFile), EMPTY_FRONTIER);
      }
      if (epochOf(brokerTag, stored.origin) === 0)
        return conflict(`the log is named ${stored.origin}, which is not this broker's`);
      const key = keyFor(stored);
      if (key === undefined)
        return conflict(
          `the log is signed with the key ${stored.key}, and ${keyFile} ${readKey(keyFile) === undefined ? "is not there" : "holds another"}`,
        );
      if (remembered !== undefined && remembered.origin === stored.origin) {
        if (stored.size < remembered.frontier.size)
          return conflict(
            `the ledger's log ends at event ${stored.size}, but ${remembered.frontier.size} events of it were signed here`,
          );
        return signer(stored.origin, key, remembered.frontier);
      }
      if (remembered !== undefined && epochOf(brokerTag, stored.origin) < epochOf(brokerTag, remembered.origin))
        return conflict(`the ledger's log is ${stored.origin}, but this broker signed ${remembered.origin}`);
      // Nothing is remembered of this log: what the key itself signed is believed.
      if (stored.size > 0 && !isSigned(stored, newest))
        return conflict("the ledger's newest checkpoint is not signed with its key");
      return signer(stored.origin, key, stored.frontier);
    },

    restart(brokerTag, stored, frontier) {
      const before = [stored?.origin, readHead(headFile)?.origin].map((name) =>
        name === undefined ? 0 : epochOf(brokerTag, name),
      );
      const key = readKey(keyFile) ?? makeKey(keyFile);
      rmSync(nextFile, { force: true });
      unwritten = undefined;
      return signer(logName(brokerTag, Math.max(...before) + 1), key, frontier);
    },

    prepareRotation(origin) {
      const { privateKey } = generateKeyPairSync("ed25519");
      replaceKey(nextFile, privateKey);
      next = privateKey;
      return formatLogKey(logKeyOf(origin, privateKey));
    },

    flush,
  };
}

function isSigned(stored: StoredHead, newest: string | undefined): boolean {
  const checkpoint = newest === undefined ? undefined : parseCheckpoint(newest);
  if (checkpoint === undefined || !sameHash(rootOf(stored.frontier), stored.root)) return false;
  const { origin, size, root } = checkpoint;
  const isIt = origin === stored.origin && size === stored.size && sameHash(root, stored.root);
  const key = parseLogKey(stored.key);
  return isIt && key !== undefined && verifyCheckpoint(checkpoint, [key]);
}

function conflict(because: string): LogConflict {
  return { because };
}
