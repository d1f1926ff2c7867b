import type { AuditFilter } from "@phi/shared/contract/audit-event";
import type { Secret } from "@phi/shared/secret";
import type { Globals } from "./argv.js";
import { type CurrentSignIn, currentSignIn } from "./auth/current-sign-in.js";
import { loginCommand, resolveProfileName } from "./auth/profiles.js";
import { type BrokerClient, createBrokerClient } from "./broker-client/client.js";
import type { FollowNews } from "./broker-client/follow.js";
import type { AuditNews } from "./broker-client/follow-audit.js";
import type { RecordingNews } from "./broker-client/follow-recording.js";
import { openTransport } from "./broker-client/transport-open.js";
import { loadPaint, type Paint } from "./terminal/paint.js";
import { openTerminal, type Surroundings, type Terminal } from "./terminal/terminal.js";
import { typedCommand } from "./terminal/typed-command.js";

/** One call of phi: its global flags and what they resolve to. Every command gets it and nothing else of the world. */
export interface Invocation {
  readonly globals: Globals;
  readonly env: Surroundings["env"];
  readonly terminal: Terminal;
  /** Colours for what goes to stdout, and for what goes to stderr. */
  readonly paint: { readonly data: Paint; readonly talk: Paint };
  /** Who calls. Throws `sign_in_required`. Read once. */
  signedIn(): Promise<CurrentSignIn>;
  /** The broker as the person signed in. Throws `sign_in_required`. Opened once. */
  broker(): Promise<BrokerClient>;
  /** A broker without, or with another, sign-in. */
  brokerAt(url: URL, token?: Secret): Promise<BrokerClient>;
  /** Follows a request's states as the person signed in. */
  follow(request: string, signal: AbortSignal): Promise<AsyncIterable<FollowNews>>;
  /** Follows the audit log after a number as the person signed in. */
  followAudit(filter: AuditFilter, after: number, signal: AbortSignal): Promise<AsyncIterable<AuditNews>>;
  /** Follows a session's recording as the person signed in. */
  followRecording(session: string, signal: AbortSignal): Promise<AsyncIterable<RecordingNews>>;
  /** Everything that `path` (with its query) gives, piece by piece, as the person signed in. */
  download(path: string, signal: AbortSignal): Promise<AsyncIterable<Buffer>>;
  /** A command of phi's to type next, with the profile when it was given by flag. */
  typed(...words: string[]): string;
  /** After the command: holds the broker's audit log to what this machine saw of it. Throws `log_broken`. */
  bearWitness(): Promise<void>;
  /** Gives up every connection. */
  close(): void;
}

export async function openInvocation(globals: Globals, around: Surroundings): Promise<Invocation> {
  const terminal = openTerminal(globals, around);
  const { colour } = terminal;
  const clients: BrokerClient[] = [];
  let current: Promise<CurrentSignIn> | undefined;
  let broker: Promise<BrokerClient> | undefined;

  const contextOf = (url: URL) => ({ broker: url, login: loginCommand(resolveProfileName(globals.profile)) });
  const signedIn = () => {
    current ??= currentSignIn(globals, around.env);
    return current;
  };
  const brokerAt = async (url: URL, token?: Secret) => {
    const client = createBrokerClient({
      transport: await openTransport(url, around.env),
      token,
      context: contextOf(url),
    });
    clients.push(client);
    return client;
  };

  const typed = (...words: string[]): string => {
    const isProfileTyped = globals.profile !== undefined && globals.profile !== around.env.PHI_PROFILE;
    return typedCommand([
      "phi",
      ...words.slice(0, 1),
      ...(isProfileTyped ? ["--profile", globals.profile] : []),
      ...words.slice(1),
    ]);
  };

  // What follows and downloads loads undici, which takes as long as Node's own start: only when it is asked for.
  return {
    globals,
    env: around.env,
    terminal,
    paint: { data: await loadPaint(colour.stdout), talk: await loadPaint(colour.stderr) },
    signedIn,
    broker() {
      broker ??= signedIn().then(({ broker: url, token }) => brokerAt(url, token));
      return broker;
    },
    brokerAt,
    async follow(request, signal) {
      const { broker: url, token } = await signedIn();
      const { followRequest } = await import("./broker-client/follow.js");
      return followRequest({ broker: url, token, request, signal, env: around.env, context: contextOf(url) });
    },
    async followAudit(filter, after, signal) {
      const { broker: url, token } = await signedIn();
      const { followAudit } = await import("./broker-client/follow-audit.js");
      return followAudit({ broker: url, token, filter, after, signal, env: around.env, context: contextOf(url) });
    },
    async followRecording(session, signal) {
      const { broker: url, token } = await signedIn();
      const { followRecording } = await import("./broker-client/follow-recording.js");
      return followRecording({ broker: url, token, session, signal, env: around.env, context: contextOf(url) });
    },
    async download(path, signal) {
      const { broker: url, token } = await signedIn();
      const { download } = await import("./broker-client/download.js");
      return download({ broker: url, token, signal, env: around.env, context: contextOf(url) }, path);
    },
    typed,
    async bearWitness() {
      const client = await broker;
      if (client === undefined) return;
      const { broker: url } = await signedIn();
      const { bearWitness } = await import("./witness/witness.js");
      await bearWitness({ client, broker: url, env: around.env, terminal, trustCommand: typed("audit", "trust") });
    },
    close: () => {
      for (const client of clients) client.close();
    },
  };
}
