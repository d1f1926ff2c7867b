import { PhiError } from "@phi/shared/errors";
import { hasUnsafeText, printable } from "@phi/shared/text";
import type { Principal } from "../domain/principal.js";
import type { VerifiedClaims } from "./verify-id-token.js";

const LONGEST_SUBJECT = 255;
const LONGEST_NAME = 100;
const MOST_GROUPS = 1_000;
const LONGEST_GROUP = 255;

/**
 * Who an accepted ID token is about. Claims are taken as they are or not at all: nothing is turned from one type into
 * another, and whatever is not a plain list of group names is no groups.
 *
 * Rejects with `id_token_rejected` when the subject cannot be a key (OpenID Connect Core 1.0 §2: at most 255 characters).
 */
export function principalFromClaims({ issuer, subject, claims }: VerifiedClaims, groupsClaim: string): Principal {
  if (subject.length === 0 || subject.length > LONGEST_SUBJECT || hasUnsafeText(subject)) {
    throw new PhiError(
      "id_token_rejected",
      "The ID token was not accepted: its subject is empty, too long or not printable.",
      {
        hint: "Tell who runs the issuer.",
      },
    );
  }
  return { issuer, subject, name: nameFrom(claims) ?? subject, groups: groupsFrom(claims, groupsClaim) };
}

type Claims = Readonly<Record<string, unknown>>;

/** What people call them: shown, never compared, and not an address somebody else may own. */
function nameFrom(claims: Claims): string | undefined {
  const verified = own(claims, "email_verified");
  const email = verified === undefined || verified === true ? own(claims, "email") : undefined;
  const candidates = [own(claims, "preferred_username"), email];
  for (const candidate of candidates) {
    const name = typeof candidate === "string" ? printable(candidate, LONGEST_NAME).trim() : "";
    if (name !== "") return name;
  }
  return undefined;
}

/** Too many groups for a token are left out and pointed at (`_claim_names`, Core §5.6.2); a list of unknown length is none. */
function groupsFrom(claims: Claims, groupsClaim: string): readonly string[] {
  const groups = own(claims, groupsClaim);
  const elsewhere = own(claims, "_claim_names");
  const pointedAt = typeof elsewhere === "object" && elsewhere !== null && Object.hasOwn(elsewhere, groupsClaim);
  if (pointedAt || !Array.isArray(groups) || groups.length > MOST_GROUPS) return [];
  const names = groups.filter(
    (group): group is string => typeof group === "string" && group.length > 0 && group.length <= LONGEST_GROUP,
  );
  return names.length === groups.length ? [...new Set(names)] : [];
}

function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}
