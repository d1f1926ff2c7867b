import { inspect } from "node:util";
import { Secret } from "@phi/shared/secret";
import { describe, expect, it } from "vitest";
import { configSchema } from "./config.js";
import { roleSchema } from "./role.js";

const parse = (url: string, more: object = {}) => configSchema.safeParse({ url: new Secret(url), ...more });

describe("the admin URL", () => {
  it("gives every part, decoded", () => {
    const url = "postgres://ad%40min:p%2Fw%3A@[::1]:6543/my%20db?sslmode=require";
    expect(parse(url).data?.admin.reveal()).toEqual({
      user: "ad@min",
      password: "p/w:",
      host: "::1",
      port: 6543,
      database: "my db",
      sslmode: "require",
      sslrootcert: undefined,
    });
  });

  it("may leave out the port, and sslmode on this machine only", () => {
    expect(parse("postgresql://u:p@localhost/d").data?.clients).toMatchObject({ port: 5432, sslmode: "disable" });
    expect(parse("postgresql://u:p@db.example.com/d").success).toBe(false);
    expect(parse("postgresql://u:p@db.example.com/d?sslmode=verify-full").success).toBe(true);
  });

  it.each([
    "nonsense s3cret",
    "mysql://u:s3cret@localhost/d",
    "postgresql://s3cret@localhost/d",
    "postgresql://:s3cret@localhost/d",
    "postgresql://u:s3cret@localhost",
    "postgresql://u:s3cret@/d",
    "postgresql://u:s3cret%@localhost/d",
    "postgresql://u:s3cret%00@localhost/d",
    "postgresql://u:s3cret@localhost/d?sslmode=prefer",
    "postgresql://u:s3cret@localhost/d?host=/tmp/s3cret",
    "postgresql://u:s3cret@localhost/d?sslmode=verify-ca&sslrootcert=s3cret.pem",
  ])("is refused without being quoted: %s", (url) => {
    const { success, error } = parse(url);
    expect(success).toBe(false);
    expect(error?.issues.map(({ path }) => path)).toEqual([["url"]]);
    expect(inspect(error)).not.toContain("s3cret");
  });

  it("is not accepted in the file itself", () => {
    expect(configSchema.safeParse({ url: "postgresql://u:s3cret@localhost/d" }).error?.issues[0]?.message).toContain(
      "reference",
    );
  });

  it("does not print", () => {
    const { data } = parse("postgresql://u:s3cret@localhost/d");
    expect(inspect(data, { depth: 9 }) + JSON.stringify(data)).not.toContain("s3cret");
  });
});

describe("what clients use", () => {
  it("differs from the broker's way in where the file says so", () => {
    const connect = { host: "pg.example.com", port: 5433, sslmode: "verify-full", sslrootcert: "system" };
    expect(parse("postgresql://u:p@10.0.0.1/d?sslmode=require", { connect }).data?.clients).toEqual({
      ...connect,
      database: "d",
    });
  });

  it.each(["evil host", "a/b", "a'b", "-x", "fe80::1%eth0", "u:p@h"])("is no host: %s", (host) => {
    expect(parse("postgresql://u:p@localhost/d", { connect: { host } }).success).toBe(false);
  });
});

describe("a role", () => {
  it("names one to sixteen groups, each once, none longer than PostgreSQL keeps", () => {
    expect(roleSchema.parse({ memberOf: ["ä".repeat(31)] })).toEqual({
      memberOf: ["ä".repeat(31)],
      connectionLimit: 5,
      setRole: false,
    });
    for (const memberOf of [
      [],
      ["a", "a"],
      ["ä".repeat(32)],
      ["a\0b"],
      [""],
      Array.from({ length: 17 }, (_, n) => `g${n}`),
    ]) {
      expect(roleSchema.safeParse({ memberOf }).success).toBe(false);
    }
    expect(roleSchema.safeParse({ memberOf: ["a"], superuser: true }).success).toBe(false);
  });
});
