import type { AsyncEntry } from "@napi-rs/keyring";
import { Secret } from "@phi/shared/secret";
import type { Keyring } from "./keyring.js";

/** The name phi's entries have in the keyring. */
const SERVICE = "phi";
/** Longest wait for the keyring, in ms: long enough for a person to answer an unlock prompt when reading … */
const PATIENCE = 30_000;
/** … and short when only asking whether there is a keyring. */
const PROBE_PATIENCE = 5_000;

type Entries = new (service: string, account: string, options?: { linux: { store: "secret-service" } }) => AsyncEntry;

/**
 * The keyring of this machine through `@napi-rs/keyring` (macOS Keychain, Windows Credential Manager, Secret Service),
 * or `undefined` where there is none: no native binary for the platform, or `PHI_KEYRING=off`.
 *
 * On Linux it is pinned to the Secret Service: unpinned, the library falls back to the kernel's keyutils in silence,
 * and the token would be gone at the next boot.
 */
export async function openSystemKeyring(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Keyring | undefined> {
  if (env.PHI_KEYRING === "off") return undefined;
  const Entry = await loadEntries();
  if (Entry === undefined) return undefined;
  const open = (account: string) =>
    process.platform === "linux"
      ? new Entry(SERVICE, account, { linux: { store: "secret-service" } })
      : new Entry(SERVICE, account);

  return {
    async usable() {
      // Reading alone proves nothing: without any keyring it answers "no such entry".
      const probe = `probe-${process.pid}-${Date.now()}`;
      try {
        const entry = open(probe);
        await bounded(PROBE_PATIENCE, (signal) => entry.setPassword(probe, signal));
        const back = await bounded(PROBE_PATIENCE, (signal) => entry.getPassword(signal));
        await bounded(PROBE_PATIENCE, (signal) => entry.deleteCredential(signal));
        return back === probe;
      } catch {
        return false;
      }
    },
    set: (account, secret) => bounded(PATIENCE, (signal) => open(account).setPassword(secret.reveal(), signal)),
    async get(account) {
      const text = await bounded(PATIENCE, (signal) => open(account).getPassword(signal));
      return text === null || text === undefined ? undefined : new Secret(text);
    },
    async remove(account) {
      await bounded(PATIENCE, (signal) => open(account).deleteCredential(signal));
    },
  };
}

async function loadEntries(): Promise<Entries | undefined> {
  try {
    const library = await import("@napi-rs/keyring");
    return library.AsyncEntry;
  } catch {
    return undefined;
  }
}

/** Both the signal and a timer of our own: a native call that is stuck does not hear signals. */
async function bounded<T>(milliseconds: number, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the keyring did not answer in time")), milliseconds);
  });
  try {
    return await Promise.race([act(AbortSignal.timeout(milliseconds)), late]);
  } finally {
    clearTimeout(timer);
  }
}
