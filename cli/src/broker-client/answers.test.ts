import { heartbeatReply, leaseEndReply, leaseReply } from "@phi/shared/contract/lease";
import { problem } from "@phi/shared/contract/problem";
import { chunkReply } from "@phi/shared/contract/recording";
import { newId } from "@phi/shared/ids";
import { describe, expect, it } from "vitest";
import type * as z from "zod";
import { parseChunkReply, parseHeartbeatReply, parseLeaseEndReply, parseLeaseReply } from "./answers.js";
import { parseProblem } from "./answers-problem.js";

/** Values that a field may turn into: of every kind, at the edges, and hostile. */
const ODD: unknown[] = [
  ...[
    null,
    true,
    0,
    -0,
    -1,
    1,
    1.5,
    60_000,
    2 ** 53,
    1e308,
    "",
    " ",
    "a",
    "A",
    "active",
    "ended",
    "revoked",
    "revoking",
    "required",
    "complete",
    { mode: "required", input: true, more: 1 },
    { mode: "none", input: true },
    [],
    [1],
    {},
    { a: 1 },
  ],
  ...[
    "db-prod",
    "-db",
    "db-",
    "db--prod",
    "a".repeat(63),
    "a".repeat(64),
    "DB",
    "db_prod",
    "db\u0000",
    "db\n",
    "__proto__",
    "ünïcode",
    "req_",
    "lse_",
  ],
  ...[
    newId("lease"),
    newId("request"),
    newId("session"),
    newId("lease").toUpperCase(),
    `${newId("request")}0`,
    newId("request").slice(0, -1),
  ],
  ...[
    "2026-11-22T17:05:09.120Z",
    "2026-11-22T17:05:09Z",
    "2026-11-22T17:05Z",
    "2026-11-22T24:00:00Z",
    "2026-02-29T00:00:00Z",
    "2024-02-29T00:00:00Z",
  ],
  ...[
    "1900-02-29T00:00:00Z",
    "2000-02-29T23:59:59.999999999Z",
    "2026-04-31T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-11-22T17:05:09+01:00",
    "2026-11-22",
  ],
  ...[
    "2026-11-22t17:05:09z",
    "2026-11-22T17:05:60Z",
    "2026-11-22T17:05:09.Z",
    "0000-01-01T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-01-00T00:00:00Z",
  ],
  ...[
    { PGUSER: "a" },
    { pguser: "a" },
    { PGUSER: 1 },
    { PGUSER: null },
    { "PG-USER": "a" },
    { PGUSER: "x".repeat(8_192) },
    { PGUSER: "x".repeat(8_193) },
  ],
  ...[
    { ["A".repeat(64)]: "a" },
    { ["A".repeat(65)]: "a" },
    { "": "a" },
    { A1_: "" },
    { "1A": "" },
    399,
    400,
    599,
    600,
    404.5,
    "x".repeat(256),
    "x".repeat(257),
  ],
  ...["x".repeat(4_000), "x".repeat(4_001), "x".repeat(64), "x".repeat(65), "x".repeat(2_000), "x".repeat(2_001)],
];

const LEASE = {
  lease: newId("lease"),
  session: newId("session"),
  request: newId("request"),
  resource: "db-prod",
  role: "readonly",
  expiresAt: "2026-11-22T17:05:09.120Z",
  expiresInMs: 1_799_999.5,
  heartbeatMs: 10_000,
  environment: { PGUSER: "phi_1", PGPASSWORD: "s" },
  recording: { mode: "terminal", input: false },
};
const PROBLEM = {
  type: "about:blank",
  title: "t",
  status: 409,
  detail: "d",
  code: "window_over",
  hint: "h",
  data: { requests: [] },
};

/** Every answer in one place: whole, with each field missing, odd or twice odd, and with fields nobody knows. */
function* mutations(valid: Record<string, unknown>): Generator<unknown> {
  yield* [valid, ...ODD, { ...valid, unknown: 1 }, [valid]];
  const names = Object.keys(valid);
  for (const name of names) {
    const { [name]: _gone, ...rest } = valid;
    yield rest;
    for (const odd of ODD) yield { ...valid, [name]: odd };
    for (const other of names) {
      if (other !== name) for (let at = 0; at < ODD.length; at += 7) yield { ...rest, [other]: ODD[at] };
    }
  }
}

describe.each<[string, z.ZodType, (value: unknown) => unknown, Record<string, unknown>]>([
  ["a lease", leaseReply, parseLeaseReply, LEASE],
  ["a heartbeat", heartbeatReply, parseHeartbeatReply, { state: "ended", expiresInMs: 0, endedBecause: "revoked" }],
  ["the end of a lease", leaseEndReply, parseLeaseEndReply, { state: "revoked", endedBecause: "window_over" }],
  ["a piece of a recording", chunkReply, parseChunkReply, { state: "recording" }],
  ["a problem", problem, parseProblem, PROBLEM],
])("the parser of %s", (_name, schema, parse, valid) => {
  it("takes, refuses and gives back just what the contract does, over every mutation", () => {
    let taken = 0;
    for (const mutation of mutations(valid)) {
      // As it comes off the wire: through JSON.
      const wire: unknown = JSON.parse(JSON.stringify(mutation));
      const byContract = schema.safeParse(wire);
      expect(parse(wire), JSON.stringify(mutation).slice(0, 300)).toEqual(
        byContract.success ? byContract.data : undefined,
      );
      if (byContract.success) taken++;
    }
    expect(taken).toBeGreaterThan(1);
  });
});

it("a credential with more than 64 variables is refused, though the contract sets no number", () => {
  const environment = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`A${index}`, "x"]));
  expect(parseLeaseReply({ ...LEASE, environment })).toBeUndefined();
});
