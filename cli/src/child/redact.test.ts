import { expect, it } from "vitest";
import { redactCommand } from "./redact.js";

const jwt = `eyJhbGciOiJIUzI1NiJ9.${"a".repeat(30)}.${"b".repeat(20)}`;

it.each([
  [
    ["psql", "--password=hunter2"],
    ["psql", "--password=[redacted]"],
  ],
  [
    ["tool", "--password", "hunter2", "x"],
    ["tool", "--password", "[redacted]", "x"],
  ],
  [
    ["tool", "--api-key=hunter2"],
    ["tool", "--api-key=[redacted]"],
  ],
  [
    ["mysql", "-phunter2", "-u", "root"],
    ["mysql", "-p[redacted]", "-u", "root"],
  ],
  [
    ["/usr/bin/mysqldump", "-phunter2"],
    ["/usr/bin/mysqldump", "-p[redacted]"],
  ],
  [
    ["psql", "-p5432"],
    ["psql", "-p5432"],
  ],
  [
    ["psql", "postgres://alice:hunter2@db/orders?sslmode=require"],
    ["psql", "postgres://alice:[redacted]@db/orders?sslmode=require"],
  ],
  [
    ["redis-cli", "-u", "redis://:hunter2@host:1"],
    ["redis-cli", "-u", "redis://:[redacted]@host:1"],
  ],
  [
    ["curl", "-u", "alice:hunter2", "https://x"],
    ["curl", "-u", "alice:[redacted]", "https://x"],
  ],
  [
    ["redis-cli", "-a", "hunter2", "ping"],
    ["redis-cli", "-a", "[redacted]", "ping"],
  ],
  [
    ["sshpass", "-p", "hunter2", "ssh", "x"],
    ["sshpass", "-p", "[redacted]", "ssh", "x"],
  ],
  [
    ["ls", "-a", "dir", "-p", "x"],
    ["ls", "-a", "dir", "-p", "x"],
  ],
  [
    ["env", "PGPASSWORD=hunter2", "psql"],
    ["env", "PGPASSWORD=[redacted]", "psql"],
  ],
  [
    ["sh", "-c", "PGPASSWORD='hunter2 x' psql -c 'select 1'"],
    ["sh", "-c", "PGPASSWORD=[redacted] psql -c 'select 1'"],
  ],
  [
    ["curl", "-H", "Authorization: Bearer hunter2"],
    ["curl", "-H", "Authorization: [redacted]"],
  ],
  [
    ["curl", "https://x/?token=hunter2&a=1"],
    ["curl", "https://x/?token=[redacted]&a=1"],
  ],
  [
    ["psql", "-c", "alter role a password 'hunter2'"],
    ["psql", "-c", "alter role a password [redacted]"],
  ],
  [
    ["echo", `ghp_${"a".repeat(36)}`, `phi_${"a".repeat(43)}`, "AKIAIOSFODNN7EXAMPLE", jwt],
    ["echo", "[redacted]", "[redacted]", "[redacted]", "[redacted]"],
  ],
  [
    ["psql", "-c", "select * from orders where id = 1"],
    ["psql", "-c", "select * from orders where id = 1"],
  ],
  [
    ["ls", "-la", "--sort=size", "secrets/"],
    ["ls", "-la", "--sort=size", "secrets/"],
  ],
])("%j is recorded as %j", async (typed, recorded) => {
  expect(await redactCommand(typed)).toEqual(recorded);
});

it("keeps to the contract's 64 words of 1,000 characters, and stays quick on a hostile word", async () => {
  const before = performance.now();
  const recorded = await redactCommand(["x", ...Array.from({ length: 500 }, () => "--token-".repeat(20_000))]);
  expect(performance.now() - before).toBeLessThan(2_000);
  expect(recorded).toHaveLength(64);
  expect(recorded.at(-1)).toBe("… 438 more");
  expect(Math.max(...recorded.map((word) => word.length))).toBe(1_000);
});
