import { PhiError } from "@phi/shared/errors";
import { nearest } from "@phi/shared/text";
import { type LockTarget, targetWords } from "../domain/lock.js";
import type { Catalogue } from "../ports/catalogue.js";
import type { People } from "../ports/locks.js";

/** Whom or what somebody typed. With `subject` the name is the issuer's subject, whether or not that person ever signed in. */
export interface TypedTarget {
  readonly on: "principal" | "resource";
  readonly name: string;
  readonly subject?: boolean | undefined;
}

export type FindLockTarget = (typed: TypedTarget) => Promise<LockTarget>;

interface Needs {
  readonly people: People;
  readonly catalogue: Pick<Catalogue, "resources">;
  readonly issuer: string;
}

/** @throws PhiError `resource_unknown`, `not_found`, and `usage` when several people have the name */
export function createFindLockTarget({ people, catalogue, issuer }: Needs): FindLockTarget {
  return async ({ on, name, subject }) => {
    if (on === "resource") {
      const names = catalogue.resources.map((resource) => resource.name);
      if (names.includes(name)) return { on, resource: name };
      const meant = nearest(name, names);
      throw new PhiError("resource_unknown", `There is no resource "${name}" in the configuration.`, {
        hint: meant === undefined ? undefined : `Did you mean ${meant}?`,
      });
    }
    const known = await people.called(name);
    if (subject === true) {
      const seen = known.find((one) => one.subject === name && one.issuer === issuer);
      return { on, principal: seen ?? { issuer, subject: name, name } };
    }
    const [only, another] = known;
    if (only === undefined) {
      const meant = nearest(name, await people.names());
      throw new PhiError("not_found", `Nobody called "${name}" has ever signed in.`, {
        hint: `${meant === undefined ? "" : `Did you mean ${meant}? `}Is it a subject of the issuer, of somebody who has not signed in yet? Then add --subject.`,
      });
    }
    if (another === undefined) return { on, principal: only };
    const candidates = known.map((principal) => targetWords({ on: "principal", principal }));
    throw new PhiError("usage", `Several people are called "${name}": ${candidates.join(", ")}.`, {
      hint: `Name one by the subject: ${known.map((one) => `${one.subject} --subject`).join("  or  ")}`,
    });
  };
}
