import { PhiError } from "@phi/shared/errors";
import type { Secret } from "@phi/shared/secret";
import type { Globals } from "../argv.js";
import { parseBrokerUrl } from "../broker-client/transport.js";
import { loginCommand, profilesDirectory, resolveProfileName } from "./profiles.js";
import { createSignInStore, type SignIn, type SignInStore } from "./sign-in-store.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Who calls, and which broker: what every command that speaks to the broker begins with. */
export interface CurrentSignIn {
  readonly profile: string;
  readonly broker: URL;
  readonly signIn: SignIn;
  readonly token: Secret;
}

/** The store of this machine's sign-ins, as the environment places it. */
export function openSignInStore(env: Environment): SignInStore {
  return createSignInStore(profilesDirectory(env), async () => {
    const { openSystemKeyring } = await import("../keyring/system-keyring.js");
    return openSystemKeyring(env);
  });
}

/**
 * The sign-in that the flags and the environment mean. Throws `sign_in_required` with the command to type when there
 * is none, also when `--broker` names another broker than the profile's: a token goes to the broker that gave it.
 */
export async function currentSignIn(globals: Globals, env: Environment): Promise<CurrentSignIn> {
  const profile = resolveProfileName(globals.profile);
  const wanted = globals.broker === undefined ? undefined : parseBrokerUrl(globals.broker);
  const found = await openSignInStore(env).load(profile);
  if (found === undefined) {
    throw new PhiError(
      "sign_in_required",
      profile === "default" ? "You are not signed in." : `Nobody is signed in as profile "${profile}".`,
      {
        hint: loginCommand(profile, wanted?.origin ?? "URL"),
      },
    );
  }
  const broker = parseBrokerUrl(found.signIn.broker);
  if (wanted !== undefined && wanted.origin !== broker.origin) {
    throw new PhiError(
      "sign_in_required",
      `Profile "${profile}" is signed in to ${broker.origin}, not to ${wanted.origin}.`,
      {
        hint: `sign in there under a name of its own: phi login --broker ${wanted.origin} --profile NAME`,
      },
    );
  }
  return { profile, broker, signIn: found.signIn, token: found.token };
}
