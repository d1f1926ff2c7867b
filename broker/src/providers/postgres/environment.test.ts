import { expect, it } from "vitest";
import { clientEnvironment } from "./environment.js";

const endpoint = {
  host: "db.example.com",
  port: 5432,
  database: "orders",
  sslmode: "verify-full",
  sslrootcert: undefined,
} as const;

it("gives libpq's variables and the same as a URL", () => {
  expect(clientEnvironment(endpoint, "phi_a_b", "pass-word_1")).toEqual({
    PGHOST: "db.example.com",
    PGPORT: "5432",
    PGDATABASE: "orders",
    PGUSER: "phi_a_b",
    PGPASSWORD: "pass-word_1",
    PGSSLMODE: "verify-full",
    DATABASE_URL: "postgresql://phi_a_b:pass-word_1@db.example.com:5432/orders?sslmode=verify-full",
  });
});

it("brackets IPv6 addresses in the URL, and encodes what would end a part of it", () => {
  const hostile = { ...endpoint, host: "::1", database: "a/b?c#d e%2Fü", sslrootcert: "/etc/ca certs/root.pem" };
  const environment = clientEnvironment(hostile, "u", "p");
  expect(environment).toMatchObject({
    PGHOST: "::1",
    PGDATABASE: hostile.database,
    PGSSLROOTCERT: hostile.sslrootcert,
  });
  const url = new URL(environment.DATABASE_URL ?? "");
  expect(url.host).toBe("[::1]:5432");
  expect(decodeURIComponent(url.pathname)).toBe(`/${hostile.database}`);
  expect(url.searchParams.get("sslrootcert")).toBe(hostile.sslrootcert);
});
