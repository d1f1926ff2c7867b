import { discovery } from "@phi/shared/contract/discovery";
import { me, signInOrder, signInReply } from "@phi/shared/contract/sign-in";
import type { Broker } from "../app.js";
import { callerRoute, publicRoute } from "../route.js";
import { meView } from "../views.js";

/** Where to sign in, signing in, who am I, signing out. */
export const signInRoutes = (broker: Broker) => [
  publicRoute({
    method: "get",
    path: "/.well-known/phi",
    summary: "Where to sign in",
    status: 200,
    reply: discovery,
    handle: async () => broker.discovery,
  }),
  publicRoute({
    method: "post",
    path: "/v1/sign-ins",
    summary: "Exchange an ID token of the issuer, once, for a phi token",
    body: signInOrder,
    status: 201,
    reply: signInReply,
    handle: async ({ body }) => {
      const { signIn, token } = await broker.signIn(body);
      const authorization = `Bearer ${token.reveal()}`;
      return { ...meView(await broker.authenticate(authorization)), signIn: signIn.id, token: token.reveal() };
    },
  }),
  callerRoute({
    method: "get",
    path: "/v1/me",
    summary: "Who the caller is",
    status: 200,
    reply: me,
    handle: async (caller) => meView(caller),
  }),
  callerRoute({
    method: "delete",
    path: "/v1/sign-ins/current",
    summary: "Sign out",
    status: 204,
    handle: (caller) => broker.signOut(caller),
  }),
];
