import { PhiError } from "@phi/shared/errors";
import { nearest } from "@phi/shared/text";
import type { Offer } from "./list-resources.js";

/** The resource and role that are meant, among what the caller may ask for. */
export interface Meant {
  readonly resource: string;
  readonly role: string;
}

/** @throws PhiError `resource_unknown`, `role_unknown`, `usage` when there are several roles and none is named */
export function findOffer(offers: readonly Offer[], order: { resource: string; role?: string | undefined }): Meant {
  const offer = findResource(offers, order.resource);
  return { resource: offer.resource.name, role: findRole(offer, order.role) };
}

function findResource(offers: readonly Offer[], name: string): Offer {
  const offer = offers.find((one) => one.resource.name === name);
  if (offer !== undefined) return offer;
  const meant = nearest(
    name,
    offers.map((one) => one.resource.name),
  );
  throw new PhiError("resource_unknown", `There is no resource "${name}" that you may ask for.`, {
    hint: meant === undefined ? "phi resources" : `Did you mean ${meant}? All that you may ask for: phi resources`,
    data: { nearest: meant },
  });
}

function findRole(offer: Offer, name: string | undefined): string {
  const names = offer.roles.map((one) => one.role);
  const [only] = names;
  if (name === undefined) {
    if (names.length === 1 && only !== undefined) return only;
    throw new PhiError("usage", `${offer.resource.name} has several roles: ${names.join(", ")}.`, {
      hint: `Add --role ${only}`,
      data: { roles: names },
    });
  }
  if (names.includes(name)) return name;
  const meant = nearest(name, names);
  throw new PhiError(
    "role_unknown",
    `${offer.resource.name} has no role "${name}" that you may ask for; it has ${names.join(", ")}.`,
    {
      hint: meant === undefined ? `Add --role ${only}` : `Did you mean --role ${meant}?`,
      data: { roles: names, nearest: meant },
    },
  );
}
