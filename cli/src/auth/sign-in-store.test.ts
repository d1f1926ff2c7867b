import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Secret } from "@phi/shared/secret";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Keyring } from "../keyring/keyring.js";
import { profilesDirectory } from "./profiles.js";
import { createSignInStore, type SignIn } from "./sign-in-store.js";

const TOKEN = `phi_${"t".repeat(43)}`;
const SIGN_IN: SignIn = {
  broker: "https://phi.example.com",
  principal: { issuer: "https://login.example.com", subject: "alice", name: "Alice" },
  groups: [],
  signIn: "sin_000000000000",
  expiresAt: "2026-11-22T17:05:09.120Z",
};

let home: string;
let directory: string;
beforeEach(() => {
  home = mkdtempSync(path.join(os.tmpdir(), "phi-store-"));
  directory = profilesDirectory({ XDG_STATE_HOME: home });
});
afterEach(() => rmSync(home, { recursive: true }));

/** A second adapter of the port: what an absent or locked keyring does is the point here (system-keyring.test.ts has the real one). */
function keyring(state: {
  isUsable: boolean;
  isLocked?: boolean;
}): Keyring & { readonly entries: Map<string, Secret> } {
  const entries = new Map<string, Secret>();
  const unlock = () => {
    if (state.isLocked === true) throw new Error("locked");
    return entries;
  };
  return {
    entries,
    usable: async () => state.isUsable,
    set: async (account, secret) => void unlock().set(account, secret),
    get: async (account) => unlock().get(account),
    remove: async (account) => void unlock().delete(account),
  };
}

describe("the store of sign-ins", () => {
  it("keeps the token in the keyring when there is one, and not in any file", async () => {
    const ring = keyring({ isUsable: true });
    const store = createSignInStore(directory, async () => ring);
    expect(await store.save("default", SIGN_IN, new Secret(TOKEN))).toBe("keyring");
    for (const name of readdirSync(directory))
      expect(readFileSync(path.join(directory, name), "utf8")).not.toContain(TOKEN);
    const loaded = await store.load("default");
    expect(loaded).toMatchObject({ signIn: SIGN_IN, store: "keyring" });
    expect(loaded?.token.reveal()).toBe(TOKEN);
    expect(await store.forget("default")).toBe(true);
    expect(ring.entries.size).toBe(0);
    expect(await store.load("default")).toBeUndefined();
  });

  it("keeps it in the profile's own file where there is no keyring, without asking for one to read it", async () => {
    let opened = 0;
    const store = createSignInStore(directory, async () => {
      opened++;
      return opened === 1 ? keyring({ isUsable: false }) : undefined;
    });
    expect(await store.save("default", SIGN_IN, new Secret(TOKEN))).toBe("file");
    const loaded = await store.load("default");
    expect(loaded).toMatchObject({ signIn: SIGN_IN, store: "file" });
    expect(loaded?.token.reveal()).toBe(TOKEN);
    expect(JSON.stringify(loaded)).not.toContain(TOKEN);
    expect(opened).toBe(1);
  });

  it("says how to go on when the keyring is locked, and still forgets", async () => {
    const state = { isUsable: true, isLocked: false };
    const ring = keyring(state);
    const store = createSignInStore(directory, async () => ring);
    await store.save("ops", SIGN_IN, new Secret(TOKEN));
    state.isLocked = true;
    await expect(store.load("ops")).rejects.toMatchObject({
      code: "local_state",
      hint: expect.stringContaining("phi login --profile ops"),
    });
    expect(await store.forget("ops")).toBe(true);
  });

  it("counts an entry that is gone, or is no token, as not signed in", async () => {
    const ring = keyring({ isUsable: true });
    const store = createSignInStore(directory, async () => ring);
    await store.save("default", SIGN_IN, new Secret(TOKEN));
    const [account = ""] = ring.entries.keys();
    ring.entries.set(account, new Secret("x\r\nHost: evil"));
    expect(await store.load("default")).toBeUndefined();
  });

  it("forgets a damaged profile", async () => {
    const store = createSignInStore(directory, async () => undefined);
    await store.save("default", SIGN_IN, new Secret(TOKEN));
    writeFileSync(path.join(directory, "default.json"), "{");
    expect(await store.forget("default")).toBe(true);
    expect(await store.load("default")).toBeUndefined();
  });
});
