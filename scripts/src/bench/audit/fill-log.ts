import { createClient } from "@libsql/client";

const AT_ONCE = 50_000;
const DAY = 86_400_000;

/** Events as years of use leave them behind, two of five with a text that somebody typed, straight into the table: the last `recent` of them within a week, the rest before it. */
export async function fillLog(file: string, { events, recent }: { events: number; recent: number }): Promise<void> {
  const ledger = createClient({ url: `file:${file}` });
  const now = Date.now();
  const { rows } = await ledger.execute("select coalesce(max(seq), 0) from audit_events");
  const first = Number(rows[0]?.[0]) + 1;
  const kinds = ["request.created", "lease.issued", "session.started", "session.ended", "lease.revoked"];
  const kind = `case n % ${kinds.length} ${kinds.map((name, index) => `when ${index} then '${name}'`).join(" ")} end`;
  for (let start = 0; start < events; start += AT_ONCE) {
    const end = Math.min(start + AT_ONCE, events);
    await ledger.execute(`
      insert into audit_events (seq, id, at, kind, actor_issuer, actor_subject, actor_name, resource, request_id, lease_id, session_id, data, texts, salts, leaf)
      with recursive numbers (n) as (select ${start} union all select n + 1 from numbers where n + 1 < ${end})
      select ${first} + n, 'evt_' || printf('%016d', n),
        case when n < ${events - recent} then ${now - 340 * DAY} + n * (330 * ${DAY} / ${events}) else ${now - 6 * DAY} + (n - ${events - recent}) * (6 * ${DAY} / ${recent}) end,
        ${kind}, 'https://bench', 'person-' || (n % 97), 'person ' || (n % 97), 'db-' || (n % 20), 'req_' || printf('%012d', n / 5),
        'lse_' || printf('%016d', n / 5), 'ses_' || printf('%016d', n / 5),
        case when n % ${kinds.length} in (0, 2) then '{"handle":"phi_000000_' || printf('%016d', n) || '","reason":{"sha256":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"},"role":"readonly"}'
          else '{"handle":"phi_000000_' || printf('%016d', n) || '","role":"readonly","tookMs":' || (n % 900) || '}' end,
        case when n % ${kinds.length} in (0, 2) then '{"reason":"INC-' || n || ': stuck orders"}' end,
        case when n % ${kinds.length} in (0, 2) then '{"reason":"AAAAAAAAAAAAAAAAAAAAAA"}' end, randomblob(32)
      from numbers`);
  }
  await ledger.execute("pragma wal_checkpoint(truncate)");
  ledger.close();
}
