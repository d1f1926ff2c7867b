import * as z from "zod";

/** `GET /.well-known/phi`: the one document a CLI needs to know where to sign in. Public. */
export const discovery = z.object({
  name: z.literal("phi"),
  /** Version of the broker. */
  version: z.string().max(64),
  /** Where people sign in, and as which public client. */
  issuer: z.object({
    url: z.url(),
    clientId: z.string().min(1).max(256),
    scopes: z.string().min(1).max(512),
  }),
});
export type Discovery = z.infer<typeof discovery>;
