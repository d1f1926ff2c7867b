import { PhiError } from "@phi/shared/errors";
import { Secret } from "@phi/shared/secret";
import type { Keyring } from "../keyring/keyring.js";
import { loginCommand, readProfile, removeProfile, writeProfile } from "./profiles.js";
import { isToken, type Profile } from "./profiles-format.js";

/** A profile without the place of its token: what the caller knows after a sign-in. */
export type SignIn = Omit<Profile, "store" | "token">;

/** Keeps sign-ins: the token in the keyring when there is one, else in the profile's own 0600 file. */
export interface SignInStore {
  /** Keeps it and tells where, so that the caller can say so once. */
  save(name: string, signIn: SignIn, token: Secret): Promise<"keyring" | "file">;
  /** The sign-in and its token; `undefined` when nobody is signed in there. Throws `local_state` for a damaged one. */
  load(
    name: string,
  ): Promise<{ readonly signIn: SignIn; readonly token: Secret; readonly store: "keyring" | "file" } | undefined>;
  /** Removes both; tells whether there was one. Works on a damaged profile too. */
  forget(name: string): Promise<boolean>;
}

/** `openKeyring` is called only when the keyring is needed: loading its library takes longer than the rest of the start. */
export function createSignInStore(directory: string, openKeyring: () => Promise<Keyring | undefined>): SignInStore {
  return {
    async save(name, signIn, token) {
      const keyring = await openKeyring();
      if (keyring !== undefined && (await keyring.usable())) {
        await keyring.set(accountOf(directory, name), token);
        writeProfile(directory, name, { ...signIn, store: "keyring" });
        return "keyring";
      }
      writeProfile(directory, name, { ...signIn, store: "file", token: token.reveal() });
      return "file";
    },

    async load(name) {
      const profile = readProfile(directory, name);
      if (profile === undefined) return undefined;
      if (profile.store === "file") {
        const { token, store, ...signIn } = profile;
        return { signIn, token: new Secret(token), store };
      }
      const { store, ...signIn } = profile;
      const token = await fromKeyring(await openKeyring(), accountOf(directory, name), name);
      return token && { signIn, token, store };
    },

    async forget(name) {
      const wasThere = removeProfile(directory, name);
      try {
        await (await openKeyring())?.remove(accountOf(directory, name));
      } catch {
        // A keyring that cannot be opened now holds at most a token that the broker has ended or will.
      }
      return wasThere;
    },
  };
}

async function fromKeyring(keyring: Keyring | undefined, account: string, name: string): Promise<Secret | undefined> {
  let token: Secret | undefined;
  try {
    token = await keyring?.get(account);
  } catch (cause) {
    throw new PhiError(
      "local_state",
      "The keyring of this machine does not give the sign-in out (locked, or not running).",
      {
        hint: `unlock it and try again, or sign in again: ${loginCommand(name)}`,
        cause,
      },
    );
  }
  return token !== undefined && isToken(token.reveal()) ? token : undefined;
}

/** Two state directories of one person (tests, containers) must not share an entry. */
function accountOf(directory: string, name: string): string {
  return `${name} (${directory})`;
}
