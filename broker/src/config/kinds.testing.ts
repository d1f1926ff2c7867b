import { Secret } from "@phi/shared/secret";
import * as z from "zod";
import type { KindSchemas } from "./schema.js";

/** Kinds as providers describe them, for tests of what the configuration does with any kind. */
export const kinds: KindSchemas = {
  postgres: {
    config: z.strictObject({
      url: z
        .instanceof(Secret)
        .refine((url) => String(url.reveal()).startsWith("postgres"), "must be a postgres:// address"),
      connect: z.strictObject({ host: z.string().optional(), port: z.int().min(1).max(65_535).optional() }).optional(),
      graveyard: z.string().default("phi_graveyard"),
    }),
    role: z.strictObject({
      memberOf: z.array(z.string().min(1).max(63)).min(1),
      connectionLimit: z.int().positive().default(5),
    }),
  },
  redis: {
    config: z.strictObject({ url: z.instanceof(Secret) }),
    role: z.strictObject({ commands: z.array(z.string()).min(1) }),
  },
};
