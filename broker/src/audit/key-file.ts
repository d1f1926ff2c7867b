import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { PhiError } from "@phi/shared/errors";
import { readPrivate, writePrivate } from "./private-file.js";

/** The log's private key (Ed25519, PKCS #8 in PEM), or `undefined` when there is none. @throws PhiError `local_state` */
export function readKey(path: string): KeyObject | undefined {
  const text = readPrivate(path);
  if (text === undefined) return undefined;
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // said below, without what the file holds
  }
  throw new PhiError("local_state", `The file ${path} does not hold an Ed25519 private key.`, {
    hint: "Put the log's key back from where it is kept.",
  });
}

/** Makes a key and its file; the key of another broker that made it in the same moment counts. */
export function makeKey(path: string): KeyObject {
  const { privateKey } = generateKeyPairSync("ed25519");
  if (writePrivate(path, pem(privateKey), false) === "written") return privateKey;
  const theirs = readKey(path);
  if (theirs === undefined) throw new PhiError("local_state", `The file ${path} comes and goes.`);
  return theirs;
}

/** Replaces the key. */
export function replaceKey(path: string, key: KeyObject): void {
  writePrivate(path, pem(key), true);
}

function pem(key: KeyObject): string {
  return String(key.export({ type: "pkcs8", format: "pem" }));
}
