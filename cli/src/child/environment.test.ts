import { newId } from "@phi/shared/ids";
import { describe, expect, it } from "vitest";
import { childEnvironment, leaseVariables, staleVariables } from "./environment.js";

const reply = (environment: Record<string, string>) => ({
  lease: newId("lease"),
  session: newId("session"),
  request: newId("request"),
  resource: "db-prod",
  role: "readonly",
  expiresAt: "2026-11-22T17:05:09.120Z",
  expiresInMs: 1,
  environment,
});

describe("the child's environment", () => {
  it("is the parent's with the lease's variables, without left-over connection settings, outer leases and phi's secrets", () => {
    const parent = {
      PATH: "/bin",
      PGSERVICE: "prod",
      PGHOSTADDR: "10.0.0.1",
      PGTZ: "UTC",
      DATABASE_URL: "postgres://old",
      PHI_TOKEN: "x",
      PHI_REQUEST: "req_old",
      PHI_PROFILE: "ops",
    };
    const inner = reply({ PGUSER: "phi_1", PGPASSWORD: "s" });
    expect(childEnvironment(parent, leaseVariables(inner))).toEqual({
      PATH: "/bin",
      PGTZ: "UTC",
      PHI_PROFILE: "ops",
      PGUSER: "phi_1",
      PGPASSWORD: "s",
      PHI_REQUEST: inner.request,
      PHI_RESOURCE: "db-prod",
      PHI_EXPIRES_AT: inner.expiresAt,
    });
    expect(staleVariables(parent, leaseVariables(inner)).sort()).toEqual([
      "DATABASE_URL",
      "PGHOSTADDR",
      "PGSERVICE",
      "PHI_TOKEN",
    ]);
  });

  it("keeps PostgreSQL's settings when the lease is for something else", () => {
    expect(childEnvironment({ PGSERVICE: "prod" }, { REDIS_URL: "redis://" })).toEqual({
      PGSERVICE: "prod",
      REDIS_URL: "redis://",
    });
  });

  it.each([
    "PATH",
    "LD_PRELOAD",
    "NODE_OPTIONS",
    "BASH_ENV",
    "PSQL_PAGER",
    "LESSOPEN",
    "ZDOTDIR",
    "OPENSSL_CONF",
    "PHI_BROKER",
  ])("is refused when the broker wants to set %s", (name) => {
    expect(() => leaseVariables(reply({ [name]: "x" }))).toThrow(expect.objectContaining({ code: "bad_answer" }));
  });

  it("is refused when a value holds NUL", () => {
    expect(() => leaseVariables(reply({ PGUSER: "a\0b" }))).toThrow(expect.objectContaining({ code: "bad_answer" }));
  });
});
