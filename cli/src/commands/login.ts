import os from "node:os";
import { parseLogKey } from "@phi/shared/audit/log-key";
import type { Me, SignInReply } from "@phi/shared/contract/sign-in";
import { PhiError } from "@phi/shared/errors";
import { Secret } from "@phi/shared/secret";
import { printable } from "@phi/shared/text";
import { toRfc3339 } from "@phi/shared/time";
import type { Command } from "commander";
import { openSignInStore } from "../auth/current-sign-in.js";
import { type DeviceFlow, startDeviceFlow } from "../auth/device-flow.js";
import { loginCommand, profilesDirectory, resolveProfileName } from "../auth/profiles.js";
import { parseBrokerUrl } from "../broker-client/transport.js";
import type { Run } from "../command-module.js";
import type { Invocation } from "../invocation.js";
import { Interrupted, listenForInterrupt } from "../terminal/interrupted.js";
import { say, warn, writeJson } from "../terminal/output.js";
import { startSpinner } from "../terminal/spinner.js";
import { relative, timeForPeople } from "../terminal/times.js";
import { writeWitnessed } from "../witness/witness-file.js";

/** Milliseconds that ending the former sign-in may take; the new one is in use already. */
const FAREWELL = 3_000;

export const examples = [
  "phi login --broker https://phi.example.com",
  "phi login --profile staging --broker https://phi.staging.example.com",
];

export function define(command: Command, run: Run): void {
  command
    .option(
      "--log-key <key>",
      "the key of the broker's audit log (phi-broker audit key); else the first one seen is held to",
    )
    .action((flags: { readonly logKey?: string }) => run((phi) => login(phi, flags.logKey)));
}

async function login(phi: Invocation, typedKey: string | undefined): Promise<number> {
  const { terminal } = phi;
  if (typedKey !== undefined && parseLogKey(typedKey.trim()) === undefined)
    throw new PhiError("invalid_input", "--log-key: this is not the key of a log.", {
      hint: "name+id+base64, as phi-broker audit key prints it",
    });
  const profile = resolveProfileName(phi.globals.profile);
  const store = openSignInStore(phi.env);
  const former = await store.load(profile).catch(() => undefined);
  const url = brokerUrl(phi, former?.signIn.broker);
  const again = loginCommand(profile, url.origin);
  const broker = await phi.brokerAt(url);
  const { issuer } = await broker.discover();
  const flow = await startDeviceFlow(issuer, () => Date.now());
  showCode(phi, flow, issuer.url);

  const idToken = await waitForSignIn(phi, flow, again);
  const reply = await broker.signIn({ idToken: idToken.reveal(), ...hostName() });
  const { token, ...me } = reply;
  const kept = await store.save(profile, signInOf(reply, url), new Secret(token));
  if (typedKey !== undefined) writeWitnessed(phi.env, url, { key: typedKey.trim() });
  if (former !== undefined) await endFormer(phi, former);

  if (terminal.json) writeJson(terminal, { ...me, broker: url.origin, profile, store: kept });
  welcome(phi, me, url);
  const inTheFile = `no keyring here: the sign-in is kept in ${profilesDirectory(phi.env)}, readable by you alone`;
  if (kept === "file" && former?.store !== "file") warn(terminal, inTheFile);
  return 0;
}

/** The broker named by flag or environment, else the one of the last sign-in. */
function brokerUrl(phi: Invocation, remembered: string | undefined): URL {
  const named = phi.globals.broker ?? remembered;
  if (named !== undefined) return parseBrokerUrl(named);
  throw new PhiError("usage", "Which broker? phi does not know one yet.", {
    hint: "phi login --broker https://phi.example.com  (or PHI_BROKER)",
  });
}

/** URL and code come first, before anything waits or opens: that is what must be compared (RFC 8628 §3.3, §5.4). */
function showCode(phi: Invocation, flow: DeviceFlow, issuer: string): void {
  const { terminal } = phi;
  const paint = phi.paint.talk;
  if (terminal.json) {
    const { verificationUri, verificationUriComplete, userCode } = flow;
    writeJson(terminal, { verificationUri, verificationUriComplete, userCode, expiresAt: toRfc3339(flow.expiresAt) });
  }
  // Also with --quiet: without these lines nobody can sign in.
  const lines = [
    `Open   ${paint.accent(flow.verificationUri)}`,
    `Code   ${paint.strong(flow.userCode)}`,
    ...(flow.verificationUriComplete === undefined ? [] : [`or     ${flow.verificationUriComplete}`]),
    "",
    `You sign in at ${new URL(issuer).host} for phi on ${printable(os.hostname(), 80)}. The code ends at ${timeForPeople(flow.expiresAt, Date.now())}.`,
    "Only continue if you started this yourself and the page shows the same code.",
  ];
  if (terminal.json && terminal.quiet) return;
  for (const line of lines) terminal.stderr.write(`${line}\n`);
}

async function waitForSignIn(phi: Invocation, flow: DeviceFlow, again: string): Promise<Secret> {
  const interrupt = listenForInterrupt();
  const text = () =>
    `waiting for you to sign in · the code ends ${relative(flow.expiresAt, Date.now())} · Ctrl-C stops`;
  const spinner = await startSpinner(phi.terminal, phi.terminal.mayMove ? text() : "waiting for you to sign in");
  const tick = setInterval(() => spinner.update(text()), 1_000);
  try {
    const result = await flow.wait(interrupt.signal);
    switch (result.outcome) {
      case "signed_in":
        return result.idToken;
      case "denied":
        throw new PhiError("sign_in_refused", "The sign-in was refused at the issuer.", {
          hint: `if that was a mistake: ${again}`,
        });
      case "expired":
        throw new PhiError("sign_in_timed_out", "The code ended before anybody signed in with it.", { hint: again });
      case "interrupted":
        throw new Interrupted("interrupted");
    }
  } finally {
    clearInterval(tick);
    spinner.stop();
    interrupt.release();
  }
}

function signInOf(reply: SignInReply, broker: URL) {
  const { issuer, subject, name, groups } = reply.principal;
  return {
    broker: broker.origin,
    principal: { issuer, subject, name },
    groups,
    signIn: reply.signIn,
    expiresAt: reply.expiresAt,
  };
}

/** This machine's name for the record; left out when it has none that can be shown. */
function hostName(): { host?: string } {
  const host = printable(os.hostname(), 255).trim();
  return host === "" ? {} : { host };
}

/** The sign-in that was replaced is of no use to anybody any more. That it cannot be ended now is no failure: it expires. */
async function endFormer(phi: Invocation, former: { signIn: { broker: string }; token: Secret }): Promise<void> {
  try {
    const broker = await phi.brokerAt(parseBrokerUrl(former.signIn.broker), former.token);
    await Promise.race([broker.signOut(), new Promise((resolve) => setTimeout(resolve, FAREWELL).unref())]);
  } catch {
    return;
  }
}

function welcome(phi: Invocation, me: Me, broker: URL): void {
  const groups = me.principal.groups.map((group) => printable(group, 80)).join(", ");
  const until = timeForPeople(Date.parse(me.expiresAt), Date.now());
  say(
    phi.terminal,
    `${phi.paint.talk.good("✔")} Signed in to ${broker.origin} as ${printable(me.principal.name, 120)}${groups === "" ? "" : ` (${groups})`} until ${until}.`,
  );
  say(phi.terminal, `  next: ${phi.paint.talk.accent(phi.typed("resources"))}`);
}
