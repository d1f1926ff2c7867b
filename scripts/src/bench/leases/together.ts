import { setTimeout as sleep } from "node:timers/promises";
import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { LeaseReply } from "@phi/shared/contract/lease";
import type pg from "pg";
import type { Caller } from "../../environment/caller.js";
import { ask, takeForTheWindow } from "./ask.js";
import { connect, endBare } from "./bare-loop.js";
import { createHttpClient } from "./http-client.js";
import type { Line } from "./line.js";
import type { World } from "./world.js";

const LEASES = 1_000;
const LIVE = 200;
/** Time enough to make them all before the window closes, in seconds. */
const WINDOW = 45;

/** Part b: as many leases due in one instant, some of them in use, against ending as many roles one after the other. */
export async function measureTogether(world: World): Promise<Line[]> {
  const serial = await endOneAfterTheOther(world);
  const phi = await endTogether(world);
  return [
    {
      part: "b",
      what: `${LEASES} leases due at once, ${LIVE} in use, all proven gone`,
      phi: `${phi.toFixed(0)} ms`,
      against: `serial loop ${serial.toFixed(0)} ms`,
      value: serial / phi,
      promised: { atLeast: 10 },
    },
  ];
}

async function endOneAfterTheOther(world: World): Promise<number> {
  const roles = Array.from({ length: LEASES }, (_, index) => `serial_${index}`);
  const [client] = await connect(world.accountUrl, 1);
  if (client === undefined) throw new Error("no connection");
  // As phi's, the account is a member of what it made, so that it may end the sessions.
  await client.query(`DO $$ BEGIN FOR i IN 0 .. ${LEASES - 1} LOOP
    EXECUTE format('CREATE ROLE serial_%s LOGIN PASSWORD %L IN ROLE app_readonly', i, CASE WHEN i < ${LIVE} THEN 'secret' END);
    EXECUTE format('GRANT serial_%s TO CURRENT_USER WITH INHERIT TRUE, SET TRUE', i);
  END LOOP; END $$`);
  const sessions = await openSessions(
    roles.slice(0, LIVE).map((role) => {
      const url = new URL(world.accountUrl);
      Object.assign(url, { username: role, password: "secret", pathname: "/orders" });
      return url.href;
    }),
  );
  const begin = performance.now();
  for (const role of roles) await endBare(client, role);
  const took = performance.now() - begin;
  await client.end();
  expectEnded(sessions);
  return took;
}

async function endTogether(world: World): Promise<number> {
  const home = await world.newHome();
  const broker = await home.start();
  try {
    const alice = await world.signIn(home);
    const client = createHttpClient(home.url, alice.token, 8);
    const request = await ask(client, WINDOW);
    const leases: LeaseReply[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (leases.length < LEASES) {
          const place = leases.push({} as LeaseReply) - 1; // taken before anybody else counts
          leases[place] = await takeForTheWindow(client, request);
        }
      }),
    );
    const sessions = await openSessions(leases.slice(0, LIVE).map(({ environment }) => environment.DATABASE_URL ?? ""));
    client.close();
    const end = Math.max(...leases.map(({ expiresAt }) => Date.parse(expiresAt)));
    if (Date.now() > end - 1_000)
      throw new Error(`this machine needs longer than ${WINDOW} s to make ${LEASES} leases`);
    await sleep(end - Date.now());

    const roleGone = await untilNoRole(world.target);
    const proven = await provenRevoked(alice, request);
    expectEnded(sessions);
    return Math.max(roleGone, proven) - end;
  } finally {
    await broker.stop();
  }
}

/** When the target had none of them any more. */
async function untilNoRole(target: pg.Pool): Promise<number> {
  for (;;) {
    const { rowCount } = await target.query(
      "SELECT 1 FROM pg_roles WHERE rolname ~ '^phi_[a-z0-9]+_[a-z0-9]{16}$' LIMIT 1",
    );
    if (rowCount === 0) return Date.now();
    await sleep(10);
  }
}

/** When the last proof was written down. */
async function provenRevoked(alice: Caller, request: string): Promise<number> {
  for (;;) {
    const { body } = await alice.call<{ events: AuditEvent[] }>(
      "GET",
      `/v1/audit?limit=1000&kind=lease.revoked&request=${request}`,
    );
    if (body.events.length === LEASES) return Math.max(...body.events.map(({ at }) => Date.parse(at)));
    await sleep(50);
  }
}

interface Session {
  ended: boolean;
}

async function openSessions(urls: readonly string[]): Promise<Session[]> {
  return Promise.all(
    urls.map(async (url) => {
      const session = { ended: false };
      const [client] = await connect(url, 1);
      client?.on("end", () => {
        session.ended = true;
      });
      return session;
    }),
  );
}

function expectEnded(sessions: readonly Session[]): void {
  const left = sessions.filter(({ ended }) => !ended).length;
  if (left > 0) throw new Error(`${left} sessions are still alive`);
}
