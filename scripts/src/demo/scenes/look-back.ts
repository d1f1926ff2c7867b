import type { Stage } from "../stage.js";
import { signIn } from "./sign-in.js";

interface Event {
  readonly kind: string;
  readonly at: string;
  readonly lease?: string;
  readonly actor?: { readonly name: string };
}

/** Chapter 7: security looks back; every step is there, and every lease ends in a proven revocation. */
export async function lookBack(stage: Stage, request: string): Promise<void> {
  const { transcript, promises, carol } = stage;

  transcript.heading("Carol, of security, looks back");
  await signIn(stage, carol);
  const story = await carol.types(["phi", "audit", "--since", "1h", "--request", request]);
  promises.same("the trail can be read", story.code, 0);
  promises.says("who asked, who said yes, what was made, what was run, how it ended", story.said, [
    "alice",
    "bob",
    "request.created",
    "request.approved",
    "lease.issued",
    "session.started",
    "lease.revoked",
    "request.ended",
  ]);

  const whole = await carol.types(["phi", "audit", "--request", request]);
  promises.says("one access is told as a story, from ask to revocation", whole.said, [
    "asked for",
    "approved",
    "every credential is proven dead",
  ]);
  const verified = await carol.types(["phi", "audit", "verify"]);
  promises.same("nobody has changed the log since: every event is in its signed tree", verified.code, 0);

  const all = await carol.quietly(["phi", "audit", "--since", "1h", "--json", "--limit", "1000"]);
  const events = all.said
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);
  const leases = (kind: string) => new Set(events.filter((event) => event.kind === kind).map(({ lease }) => lease));
  const issued = leases("lease.issued");
  const revoked = leases("lease.revoked");
  const open = [...issued].filter((lease) => !revoked.has(lease));
  promises.same(`each of the ${issued.size} credentials made was revoked, and the revocation proven`, open, []);
  const missing = EXPECTED.filter((kind) => !events.some((event) => event.kind === kind));
  promises.same("refusals are on record, too", missing, []);
}

const EXPECTED = [
  "sign_in.created",
  "approval.refused",
  "lease.refused",
  "lease.planned",
  "session.ended",
  "request.started",
];
