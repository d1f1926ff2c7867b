import { join } from "node:path";
import { expect, it } from "vitest";
import { createSigningDesk } from "../audit/signing-desk.js";
import { newFolder } from "./log.testing.js";
import { createLogKeeper } from "./log-keeper.js";
import { noServer, openServerArena } from "./server.testing.js";
import type { Store } from "./store.js";
import { entry } from "./store.testing.js";

/** More than enough for what was there, and far fewer than a start that waits for others to rest would make of it. */
const MOST_WRITES = 200;

it.skipIf(noServer !== undefined)(
  "a broker that starts reads the log up to where it was, although another writes between each two of its questions",
  async () => {
    const arena = await openServerArena();
    const { store } = await arena.open();
    const other = await arena.open();
    await Promise.all(Array.from({ length: 50 }, () => other.ledger.record(entry("sign_in.created"))));
    let written = 0;
    const busy: Store = {
      ...store,
      async together(...statements) {
        const answers = await store.together(...statements);
        if (written++ < MOST_WRITES) await other.ledger.record(entry("sign_in.created"));
        return answers;
      },
    };
    const said: string[] = [];
    const log = {
      info() {},
      warn: (event: string) => void said.push(event),
      error: (event: string) => void said.push(event),
    };
    const keeper = createLogKeeper();
    const desk = createSigningDesk(join(newFolder(), "log-key"), log);
    const tree = await keeper.open({ store: busy, desk, brokerTag: "tagtag", clock: { now: Date.now }, log });
    expect(written, "rounds until it was ready").toBeLessThan(5);
    expect(said).toEqual([]);
    // What came meanwhile is the next look's.
    await tree.catchUp();
    expect((await tree.head())?.size).toBeGreaterThanOrEqual(50 + written - 1);
    await keeper.close();
    const { ledger } = await arena.open();
    expect(await ledger.audit({ limit: 1_000 })).toHaveLength(50 + Math.min(written, MOST_WRITES));
    await arena.close();
  },
  60_000,
);
