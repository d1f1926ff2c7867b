import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@libsql/client";
import type { RecordedEvent } from "../faults/verdict.js";
import type { TimedEvent } from "./lateness.js";
import type { SoakWorld } from "./world.js";

/** After the trouble everything is proven gone within this, in ms: half a minute of silence, a claim of a broker that died, and retries. */
const SETTLED_WITHIN = 180_000;

/** Until every lease is proven revoked and the target has no role of ours; gives what is left when that takes too long. */
export async function untilNothingIsLeft({ ledgerUrl, target }: SoakWorld): Promise<string[]> {
  const ledger = createClient({ url: ledgerUrl });
  const end = Date.now() + SETTLED_WITHIN;
  try {
    for (;;) {
      const left = await look();
      if (left.length === 0 || Date.now() > end) return left;
      await sleep(500);
    }
  } finally {
    ledger.close();
  }

  async function look(): Promise<string[]> {
    try {
      const { rows } = await target.query<{ rolname: string }>(
        "SELECT rolname FROM pg_roles WHERE rolname ~ '^phi_[a-z0-9]+_[a-z0-9]{16}$'",
      );
      const open = await ledger.execute("select id, state from leases where state <> 'revoked'");
      return [...rows.map(({ rolname }) => rolname), ...open.rows.map((row) => `${row.id} is ${row.state}`)];
    } catch (error) {
      return [`it cannot be looked at: ${error instanceof Error ? error.message : String(error)}`];
    }
  }
}

/** The whole audit log, in order. */
export async function readEvents(url: string): Promise<(RecordedEvent & TimedEvent)[]> {
  const ledger = createClient({ url });
  const events: (RecordedEvent & TimedEvent)[] = [];
  try {
    for (;;) {
      const { rows } = await ledger.execute({
        sql: "select seq, at, kind, request_id, lease_id, data from audit_events where seq > ? order by seq limit 5000",
        args: [events.at(-1)?.seq ?? 0],
      });
      if (rows.length === 0) return events;
      for (const row of rows)
        events.push({
          seq: Number(row.seq),
          at: Number(row.at),
          kind: String(row.kind),
          request: typeof row.request_id === "string" ? row.request_id : undefined,
          lease: typeof row.lease_id === "string" ? row.lease_id : undefined,
          data: JSON.parse(String(row.data)) as TimedEvent["data"],
        });
    }
  } finally {
    ledger.close();
  }
}
