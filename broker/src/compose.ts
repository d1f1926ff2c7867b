import { PhiError } from "@phi/shared/errors";
import { newId } from "@phi/shared/ids";
import { serveSocket } from "./admin/serve-socket.js";
import { composeApi } from "./compose/api.js";
import { composeOperators } from "./compose/operators.js";
import type { Parts } from "./compose/parts.js";
import { composeWorld } from "./compose/world.js";
import { createApp } from "./http/app.js";
import { listen } from "./http/listen.js";
import type { ReloadPolicy } from "./operations/reload-policy.js";

/** What was due while the broker was down is worked on this long, in ms, before it serves; a dead target delays no start further. */
const CATCH_UP_WITHIN = 10_000;
/** What is under way on targets when the broker is told to stop may take this long, in ms; then it is cut off, and the stop is still put on record. */
const FINISH_WITHIN = 8_000;

export interface RunningBroker {
  /** Where it listens, e.g. `http://127.0.0.1:7420`. */
  readonly url: string;
  /** Takes over the policies of the configuration as it stands now. */
  readonly reloadPolicy: ReloadPolicy;
  /** Files that the audit log is delivered to were moved away: the next event goes into new ones. */
  readonly reopenFiles: () => void;
  stop(): Promise<void>;
}

/**
 * The whole broker from its parts: opens the ledger, revokes what was due while nobody was there, then serves.
 *
 * @throws PhiError `already_running`, `store_unavailable`, `config_invalid`
 */
export async function startBroker(parts: Parts): Promise<RunningBroker> {
  const { config, version, providers, log } = parts;
  const world = await composeWorld(parts);
  const {
    keeper,
    store,
    clock,
    ledger,
    stopping,
    leaving,
    sweepDue,
    keepTime,
    loop,
    idleLoop,
    calendarLoop,
    sweeps,
    recordingsKeeper,
    deliveries,
    reminderLoop,
    reloadPolicy,
  } = world;
  const broker = composeApi(parts, world);
  const admin = composeOperators(parts, world);
  let socket: { close(): Promise<void> } | undefined;

  try {
    // Other brokers may be at work: what a dead one had claimed comes back when the claim ends.
    if (!store.shared) await ledger.releaseClaims(clock.now());
    await store.patiently(deliveries.begin);
    await recordStart();
    await calendarLoop.start();
    await catchUp();
    loop.start();
    idleLoop.start();
    recordingsKeeper.start();
    deliveries.start();
    reminderLoop?.start();
    socket = config.adminSocket === undefined ? undefined : await serveSocket(config.adminSocket, admin, log);
    const server = await listen(createApp(broker), config.listen);
    return {
      url: server.url,
      reloadPolicy,
      reopenFiles: deliveries.reopen,
      async stop() {
        const cut = setTimeout(() => stopping.abort(), FINISH_WITHIN);
        await server.close();
        leaving.abort();
        await socket?.close();
        await sweeps.stop();
        await recordingsKeeper.stop();
        await idleLoop.stop();
        await calendarLoop.stop();
        await loop.stop();
        clearTimeout(cut);
        await ledger
          .record({ id: newId("event"), at: clock.now(), kind: "broker.stopped", data: {} })
          .catch(() => undefined);
        await reminderLoop?.stop();
        await deliveries.stop();
        await Promise.all(Object.values(providers).map((provider) => provider.close()));
        await store.close();
        await keeper.close();
      },
    };
  } catch (error) {
    await socket?.close();
    await sweeps.stop();
    await recordingsKeeper.stop();
    await idleLoop.stop();
    await calendarLoop.stop();
    await loop.stop();
    await reminderLoop?.stop();
    await deliveries.stop();
    await Promise.all(Object.values(providers).map((provider) => provider.close()));
    await store.close();
    await keeper.close();
    throw error;
  }

  async function recordStart(): Promise<void> {
    const data = { version, config: config.hash, policyHash: config.policyHash };
    const started = { id: newId("event"), at: clock.now(), kind: "broker.started", data } as const;
    await store.patiently(() =>
      ledger.record(started).catch((error: unknown) => {
        // Its number is taken: it is on record since the time before, whose answer was lost.
        if (!(error instanceof PhiError && error.data?.conflict === true)) throw error;
      }),
    );
  }

  async function catchUp(): Promise<void> {
    await keepTime.atStart();
    await store.patiently(sweepDue.pass);
    const targets = Promise.all([sweepDue.idle(), sweeps.start()]);
    await Promise.race([targets, new Promise((resolve) => setTimeout(resolve, CATCH_UP_WITHIN).unref())]);
  }
}
