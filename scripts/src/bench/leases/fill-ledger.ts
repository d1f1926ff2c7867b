import { createClient } from "@libsql/client";
import type pg from "pg";

const AT_ONCE = 50_000;

/**
 * Leases with their sessions and an event each, as years of use leave them behind, straight into the tables. The live ones fall due in ten
 * days; {@link createLiveRoles} makes what a comparison with the target looks for.
 */
export async function fillLedger(file: string, { past, live }: { past: number; live: number }): Promise<void> {
  const ledger = createClient({ url: `file:${file}` });
  const inTenDays = Date.now() + 10 * 86_400_000;
  const request = "'req_' || printf('%012d', n / 1000)";
  for (let start = 0; start < past + live; start += AT_ONCE) {
    const end = Math.min(start + AT_ONCE, past + live);
    const numbers = `with recursive numbers (n) as (select ${start} union all select n + 1 from numbers where n + 1 < ${end})`;
    await ledger.batch(
      [
        `${numbers} insert or ignore into requests (id, requester_issuer, requester_subject, requester_name, requester_groups, resource, role, duration, policy,
           approvers, approvals_needed, claim_within, starts, state, created_at, pending_until, approved_at, claim_until, started_at, expires_at, due_at)
         select ${request}, 'https://bench', 'person ' || (n / 1000 % 97), 'person', '[]', 'db-prod', 'readonly', 60, 'bench', '[]', 0, 60, 'first_use',
           case when n < ${past} then 'ended' else 'active' end, n, n, n, n, n, case when n < ${past} then n else ${inTenDays} end,
           case when n < ${past} then null else ${inTenDays} end
           from numbers where n % 1000 = 0`,
        `${numbers} insert into leases (id, request_id, session_id, resource, kind, use, handle, handle_text, state, epoch, created_at, create_by,
           created_on_target, expires_at, alive_until, because, revoking_since, revoked_at, due_at)
         select 'lse_' || printf('%016d', n), ${request}, 'ses_' || printf('%016d', n), 'db-prod', 'postgres', 'window',
           json_object('role', 'phi_' || broker_tag || '_' || printf('%016d', n)), 'phi_' || broker_tag || '_' || printf('%016d', n),
           case when n < ${past} then 'revoked' else 'active' end, 1, n, n, n, case when n < ${past} then n else ${inTenDays} end,
           case when n < ${past} then n else ${inTenDays} end, case when n < ${past} then 'window_over' end,
           case when n < ${past} then n end, case when n < ${past} then n end, case when n < ${past} then null else ${inTenDays} + n end
           from numbers cross join ledgers`,
        `${numbers} insert into sessions (id, lease_id, request_id, command, host, started_at, ended_at)
         select 'ses_' || printf('%016d', n), 'lse_' || printf('%016d', n), ${request}, '["psql"]', 'laptop', n, case when n < ${past} then n end from numbers`,
        `${numbers} insert into audit_events (id, at, kind, resource, request_id, lease_id, session_id, data)
         select 'evt_' || printf('%016d', n), n, case when n < ${past} then 'lease.revoked' else 'lease.issued' end, 'db-prod', ${request},
           'lse_' || printf('%016d', n), 'ses_' || printf('%016d', n), '{}' from numbers`,
      ],
      "write",
    );
  }
  await ledger.execute("pragma wal_checkpoint(truncate)");
  ledger.close();
}

/** The roles of the ledger's live leases, on the target: each comparison of the two has to look at all of them. */
export async function createLiveRoles(
  target: pg.Pool,
  file: string,
  { past, live }: { past: number; live: number },
): Promise<void> {
  const ledger = createClient({ url: `file:${file}` });
  const { rows } = await ledger.execute("select broker_tag from ledgers");
  ledger.close();
  for (let start = past; start < past + live; start += ROLES_AT_ONCE)
    await target.query(`DO $$ BEGIN FOR n IN ${start} .. ${Math.min(start + ROLES_AT_ONCE, past + live) - 1} LOOP
      EXECUTE format('CREATE ROLE phi_${String(rows[0]?.[0])}_%s LOGIN', lpad(n::text, 16, '0'));
    END LOOP; END $$`);
}

const ROLES_AT_ONCE = 10_000;
