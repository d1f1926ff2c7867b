import { resolve } from "node:path";
import { name } from "@phi/shared/contract/fields";
import { z } from "zod";
import { text } from "./fields.js";
import type { Path, Problem } from "./problems.js";

const named = { name: name.describe("What operators call it; its place in the log is kept under this name.") };

/** Where the audit log is delivered to, by kind. */
export const deliverySchema = z
  .array(
    z.discriminatedUnion(
      "kind",
      [
        z.strictObject({
          ...named,
          kind: z.literal("stdout").describe("JSON lines on the broker's standard output."),
        }),
        z.strictObject({
          ...named,
          kind: z.literal("file").describe("JSON lines appended to a file."),
          path: text(1_000).describe("The file, relative to this one; made with mode 0600, opened anew on SIGHUP."),
        }),
      ],
      { error: (issue) => (issue.code === "invalid_union" ? "must say its kind: stdout or file" : undefined) },
    ),
  )
  .max(20)
  .default([])
  .describe("Destinations of the audit log: each gets every event, in order, at least once.");
export type DeliveryTarget = z.infer<typeof deliverySchema>[number];

/** Its file relative to the configuration's folder. */
export function placed(target: DeliveryTarget, folder: string): DeliveryTarget {
  return target.kind === "file" ? { ...target, path: resolve(folder, target.path) } : target;
}

/** A destination's place in the log is kept under its name, so no two may share one. `deliver`: as in the file. */
export function sharedNames(deliver: readonly { readonly name?: unknown }[], prefix: Path): Problem[] {
  return deliver.flatMap(({ name }, index) => {
    const first = deliver.findIndex((other) => other.name === name);
    if (name === undefined || first === index) return [];
    return [{ path: [...prefix, index, "name"], message: `is the name of ${prefix.join(".")}[${first}] too` }];
  });
}
