import { lockList, lockOrder, lockReply, lockView as lockViewSchema, unlockOrder } from "@phi/shared/contract/lock";
import { PhiError } from "@phi/shared/errors";
import type { Caller } from "../../domain/caller.js";
import { lockView } from "../../domain/lock.js";
import type { Broker } from "../app.js";
import { callerRoute } from "../route.js";

/** Locking somebody or something, lifting it, and what is locked. */
export const lockRoutes = (broker: Broker) => [
  callerRoute({
    method: "get",
    path: "/v1/locks",
    summary: "Locks in force that concern the caller",
    status: 200,
    reply: lockList,
    handle: async (caller) => ({ locks: (await broker.listLocks(caller)).map(lockView) }),
  }),
  callerRoute({
    method: "post",
    path: "/v1/locks",
    summary: "Lock a principal or a resource: ends everything open of it and refuses new; for admins",
    body: lockOrder,
    status: 201,
    reply: lockReply,
    handle: async (caller, { body: { reason, ...typed } }) => {
      const { lock, ended } = await broker.setLock(typed, reason, byAdmin(caller));
      return { ...lockView(lock), ended };
    },
  }),
  callerRoute({
    method: "post",
    path: "/v1/locks/lift",
    summary: "Lift a lock; what it ended stays ended; for admins",
    body: unlockOrder,
    status: 200,
    reply: lockViewSchema,
    handle: async (caller, { body: { reason, ...typed } }) =>
      lockView(await broker.liftLock(typed, reason, byAdmin(caller))),
  }),
];

function byAdmin({ isAdmin, principal }: Caller) {
  if (isAdmin) return { admin: principal };
  throw new PhiError("not_permitted", "Only admins lock and unlock.", {
    hint: "Ask one of them, or an operator on the broker's machine.",
  });
}
