import type { LeaseReply } from "@phi/shared/contract/lease";
import type { RequestView } from "@phi/shared/contract/request";
import type { HttpClient } from "./http-client.js";

/** A request that is allowed at once; its window of `seconds` begins with the first lease. */
export async function ask(client: HttpClient, seconds: number): Promise<string> {
  const { request } = await client.post<RequestView>("/v1/requests", {
    resource: "db-prod",
    role: "readonly",
    duration: seconds,
  });
  return request;
}

/** A lease that stays until its window closes. */
export async function takeForTheWindow(client: HttpClient, request: string): Promise<LeaseReply> {
  const lease = await client.post<LeaseReply>("/v1/leases", { request, use: "window", command: [], host: "bench" });
  await client.post(`/v1/leases/${lease.lease}/acknowledge`);
  return lease;
}

export async function takeForACommand(client: HttpClient, request: string): Promise<LeaseReply> {
  return client.post<LeaseReply>("/v1/leases", { request, use: "command", command: ["psql"], host: "bench" });
}
