import { createAuditExports } from "@phi/broker/store/audit-export";
import { createChanges } from "@phi/broker/store/changes";
import { createLedger } from "@phi/broker/store/ledger";
import { openStore } from "@phi/broker/store/open";
import { type Line, quantile } from "./line.js";
import type { World } from "./world.js";

const ROUNDS = 7;
/** Events of one turn: the two ways alternate, so that what the machine does beside hits both. */
const TURN = 40_000;

/** Events per second that the database writes as lines, against the same events paged through drizzle. Before the broker starts: both read the file alone. */
export async function measureExportRate({ full, events }: World): Promise<Line[]> {
  const store = await openStore(full.ledgerFile);
  const turn = Math.min(TURN, events);
  try {
    const ledger = createLedger(store, createChanges());
    const exports = createAuditExports(store, { url: "https://bench", version: "0" });
    const rates = { written: [] as number[], paged: [] as number[], ratio: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      const begin = performance.now();
      let written = 0;
      for await (const { bytes } of exports({ filter: {}, format: "jsonl", after: 0, to: turn }))
        written += bytes.length;
      if (written === 0) throw new Error("nothing was exported");
      const middle = performance.now();
      let after = 0;
      while (after < turn) {
        const page = await ledger.audit({ after, before: turn + 1, limit: 1_000 });
        for (const event of page) JSON.stringify(event);
        after = page.at(-1)?.seq ?? turn;
      }
      const end = performance.now();
      rates.written.push((turn / (middle - begin)) * 1_000);
      rates.paged.push((turn / (end - middle)) * 1_000);
      rates.ratio.push((end - middle) / (middle - begin));
    }
    const perSecond = (values: readonly number[]) => `${Math.round(quantile(values, 0.5) / 1_000)}k/s`;
    return [
      {
        what: "events written as lines",
        phi: perSecond(rates.written),
        against: `paged through drizzle ${perSecond(rates.paged)}`,
        value: quantile(rates.ratio, 0.5),
        unit: "×",
        promised: { atLeast: 3 },
      },
    ];
  } finally {
    await store.close();
  }
}
