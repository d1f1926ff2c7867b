import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createClient } from "@libsql/client";
import { drizzle } from "drizzle-orm/libsql";
import { migrate } from "drizzle-orm/libsql/migrator";
import { describe, expect, it } from "vitest";
import { createChanges } from "./changes.js";
import { createLedger } from "./ledger.js";
import { openStore } from "./open.js";
import { alice, entry, pendingRequest } from "./store.testing.js";

const MIGRATIONS = fileURLToPath(new URL("./migrations", import.meta.url));
interface Journal {
  readonly entries: readonly { readonly tag: string }[];
}
const journal = JSON.parse(readFileSync(join(MIGRATIONS, "meta/_journal.json"), "utf8")) as Journal;

/** A ledger as the version that had the first `count` migrations left it, with a sign-in and a request in it. */
async function oldLedger(folder: string, count: number): Promise<string> {
  const migrations = join(folder, "migrations");
  cpSync(MIGRATIONS, migrations, { recursive: true });
  const older = { ...journal, entries: journal.entries.slice(0, count) };
  writeFileSync(join(migrations, "meta/_journal.json"), JSON.stringify(older));
  const path = join(folder, "phi.db");
  const client = createClient({ url: pathToFileURL(path).href });
  try {
    await migrate(drizzle(client), { migrationsFolder: migrations });
    await client.batch(
      [
        `insert into sign_ins (id, token_hash, principal_issuer, principal_subject, principal_name, principal_groups, created_at, expires_at)
         values ('sin_000000000000', 'hash', '${alice.issuer}', '${alice.subject}', 'alice', '["engineering"]', 1, 9)`,
        `insert into requests (id, requester_issuer, requester_subject, requester_name, requester_groups, resource, role, duration, state,
           policy, approvers, approvals_needed, claim_within, starts, created_at, pending_until, due_at)
         values ('req_000000000000', '${alice.issuer}', '${alice.subject}', 'alice', '["engineering"]', 'db-prod', 'readonly', 60, 'pending',
           'a policy', '["group:db-leads"]', 1, 60, 'first_use', 1, 9, 9)`,
      ],
      "write",
    );
  } finally {
    client.close();
  }
  return path;
}

describe("a ledger of an older version", () => {
  it.each(journal.entries.map(({ tag }, index) => [tag, index + 1] as const))(
    "that ended with %s opens, has what it had, and is written on",
    async (_tag, count) => {
      const folder = mkdtempSync(join(tmpdir(), "phi-old-ledger-"));
      try {
        const store = await openStore(await oldLedger(folder, count));
        try {
          const ledger = createLedger(store, createChanges());
          expect(await ledger.signInByTokenHash("hash")).toMatchObject({ principal: alice });
          expect(await ledger.requestsByPrefix("req_0000")).toMatchObject([
            { state: "pending", requester: alice, stages: [{ from: ["group:db-leads"], count: 1 }], revision: 0 },
          ]);
          const request = pendingRequest();
          const guard = { do: "insert_request", request, idempotencyKey: undefined } as const;
          expect(await ledger.commit({ guard, events: [entry("request.created", request)] })).toBe("moved");
        } finally {
          await store.close();
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
