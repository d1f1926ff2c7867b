import { requestToRow } from "@phi/broker/store/rows";
import { requests } from "@phi/broker/store/schema/requests";
import { insertIf, sql } from "@phi/broker/store/sql";
import { newId } from "@phi/shared/ids";
import { openBenchLedger } from "./kept-log.js";
import { type Line, quantile } from "./line.js";

const ROUNDS = 9;
/** Changes one after the other, as the steps of one issue are; each waits for the disk. */
const ALONE = 60;
/** Changes at once, as many callers make them. */
const TOGETHER = 2_000;

/** What the log and its signed checkpoint cost the path that issues, and what being audited at all costs a write, each against the same without, in turns. */
export async function measureAppend(): Promise<Line[]> {
  const [kept, plain] = [await openBenchLedger(true), await openBenchLedger(false)];
  await kept.keep();
  const times = { kept: [] as number[], plain: [] as number[], ratio: [] as number[] };
  const rates = { audited: [] as number[], bare: [] as number[], ratio: [] as number[] };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const [withLog, without] = [await alone(kept), await alone(plain)];
      times.kept.push(withLog / ALONE);
      times.plain.push(without / ALONE);
      times.ratio.push(withLog / without);
      const [audited, bare] = [await together(kept, true), await together(plain, false)];
      rates.audited.push((TOGETHER / audited) * 1_000);
      rates.bare.push((TOGETHER / bare) * 1_000);
      rates.ratio.push(bare / audited);
    }
  } finally {
    await kept.close();
    await plain.close();
  }
  const ms = (values: readonly number[]) => `${quantile(values, 0.5).toFixed(2)} ms`;
  const perSecond = (values: readonly number[]) => `${Math.round(quantile(values, 0.5))}/s`;
  return [
    {
      what: "a change of the issue path, with tree and checkpoint",
      phi: ms(times.kept),
      against: `without them ${ms(times.plain)}`,
      value: quantile(times.ratio, 0.5),
      unit: "×",
      promised: { atMost: 1.25 },
    },
    {
      what: "audited writes, many at once",
      phi: perSecond(rates.audited),
      against: `not audited ${perSecond(rates.bare)}`,
      value: quantile(rates.ratio, 0.5),
      unit: "×",
      promised: { atLeast: 0.45 },
    },
  ];
}

type Bench = Awaited<ReturnType<typeof openBenchLedger>>;

async function alone(bench: Bench): Promise<number> {
  const begin = performance.now();
  for (let index = 0; index < ALONE; index++) await ask(bench);
  return performance.now() - begin;
}

async function together(bench: Bench, isAudited: boolean): Promise<number> {
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: TOGETHER }, () =>
      isAudited
        ? ask(bench)
        : bench.store.writer.write([insertIf(requests, requestToRow(request(), undefined), sql`1`)], async () => true),
    ),
  );
  return performance.now() - begin;
}

/** A request with its event: guard, event, and what a person typed. */
function ask({ ledger }: Bench): Promise<unknown> {
  const asked = request();
  return ledger.commit({
    guard: { do: "insert_request", request: asked, idempotencyKey: undefined },
    events: [
      {
        id: newId("event"),
        at: Date.now(),
        kind: "request.created",
        actor: asked.requester,
        resource: asked.resource,
        requestId: asked.id,
        data: {
          role: asked.role,
          duration: asked.duration,
          reason: asked.reason,
          policy: asked.policy,
          stages: asked.stages,
        },
      },
    ],
  });
}

type Asked = Parameters<typeof requestToRow>[0];

function request(): Asked {
  return {
    id: newId("request"),
    requester: { issuer: "https://bench", subject: "alice", name: "alice", groups: ["engineering"] },
    resource: "db-prod",
    role: "readonly",
    duration: 1_800,
    reason: "INC-42: orders are stuck",
    ticket: undefined,
    policy: "engineers read production",
    policyHash: undefined,
    stages: [{ from: ["group:db-leads"], count: 1 }],
    revision: 0,
    claimWithin: 3_600,
    starts: "first_use",
    once: false,
    createdAt: Date.now(),
    pendingUntil: Date.now() + 86_400_000,
    endComment: undefined,
    state: "pending",
  };
}
