import { canonicalJson } from "./canonical-json.js";
import { commit } from "./free-text.js";
import { type Hash, leafHash } from "./merkle-hash.js";

/** What of an event is in its leaf, and what is needed to make the leaf from it. The contract's audit event is one. */
export interface Leafable {
  readonly event: string;
  readonly at: string;
  readonly kind: string;
  readonly actor?: { readonly issuer: string; readonly subject: string; readonly name: string } | undefined;
  readonly resource?: string | undefined;
  readonly request?: string | undefined;
  readonly lease?: string | undefined;
  readonly session?: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
  /** By field of `data`: the salt of a text that is there to be read. An erased text has none, and its commitment in its place. */
  readonly salts?: Readonly<Record<string, string>> | undefined;
}

/**
 * The entry that is hashed into the tree: these fields of the event as canonical JSON. Its number is not in it (that is the leaf's place: `seq` − 1), and
 * each free text is {"sha256": SHA-256(salt ‖ canonical JSON of the text)}.
 *
 * @throws TypeError for data without canonical JSON
 */
export function leafEntry({
  event,
  at,
  kind,
  actor,
  resource,
  request,
  lease,
  session,
  data,
  salts,
}: Leafable): string {
  const committed = canonicalJson(withCommitments(data, salts));
  return leafEntryWith(committed, { event, at, kind, actor, resource, request, lease, session });
}

/**
 * {@link leafEntry} where the canonical JSON of the data, texts committed to, is there already. The fields stand in the order of their names, as
 * canonical JSON has them.
 *
 * @throws TypeError for a lone surrogate
 */
export function leafEntryWith(data: string, event: Omit<Leafable, "data" | "salts">): string {
  const { actor } = event;
  const by =
    actor &&
    `{"issuer":${canonicalJson(actor.issuer)},"name":${canonicalJson(actor.name)},"subject":${canonicalJson(actor.subject)}}`;
  return `{${by === undefined ? "" : `"actor":${by},`}"at":${canonicalJson(event.at)},"data":${data},"event":${canonicalJson(event.event)},"kind":${canonicalJson(event.kind)}${named("lease", event.lease)}${named("request", event.request)}${named("resource", event.resource)}${named("session", event.session)}}`;
}

function named(name: string, value: string | undefined): string {
  return value === undefined ? "" : `,"${name}":${canonicalJson(value)}`;
}

/** The leaf's hash. */
export function leafOf(event: Leafable): Hash {
  return leafHash(leafEntry(event));
}

function withCommitments(
  data: Readonly<Record<string, unknown>>,
  salts: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, unknown>> {
  if (salts === undefined) return data;
  const hidden: Record<string, unknown> = { ...data };
  for (const [field, salt] of Object.entries(salts)) hidden[field] = commit(data[field], salt);
  return hidden;
}
