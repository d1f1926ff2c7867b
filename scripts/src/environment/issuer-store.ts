import type { Adapter, AdapterFactory, AdapterPayload } from "oidc-provider";

interface Entry {
  readonly payload: AdapterPayload;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** More than any test makes; a flood of device codes ends here and not in a full memory. */
const LIMIT = 10_000;

/**
 * What the issuer remembers (codes, grants, refresh tokens), in memory: it may forget all of it when it stops. One store
 * can serve several providers one after the other, which is how keys are rotated without losing anybody's code.
 */
export function createIssuerStore(): AdapterFactory {
  const entries = new Map<string, Entry>();

  function read(key: string): AdapterPayload | undefined {
    const entry = entries.get(key);
    return entry !== undefined && entry.expiresAt > Date.now() ? entry.payload : undefined;
  }

  function findBy(model: string, matches: (payload: AdapterPayload) => boolean): AdapterPayload | undefined {
    for (const key of entries.keys()) {
      const payload = key.startsWith(`${model}:`) ? read(key) : undefined;
      if (payload !== undefined && matches(payload)) return payload;
    }
    return undefined;
  }

  return (model): Adapter => ({
    async upsert(id, payload, expiresIn) {
      if (entries.size >= LIMIT) {
        for (const [key, entry] of entries) if (entry.expiresAt <= Date.now()) entries.delete(key);
        if (entries.size >= LIMIT) throw new Error("the development issuer holds too many codes and tokens");
      }
      // An expired device code is kept for a while, so that people are told "expired" and not "unknown".
      const kept = expiresIn === undefined ? Number.POSITIVE_INFINITY : Date.now() + (expiresIn + 600) * 1000;
      entries.set(`${model}:${id}`, { payload, expiresAt: kept });
    },
    async find(id) {
      return read(`${model}:${id}`);
    },
    async findByUserCode(userCode) {
      return findBy(model, (payload) => payload.userCode === userCode);
    },
    async findByUid(uid) {
      return findBy(model, (payload) => payload.uid === uid);
    },
    async consume(id) {
      const payload = read(`${model}:${id}`);
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
    },
    async destroy(id) {
      entries.delete(`${model}:${id}`);
    },
    async revokeByGrantId(grantId) {
      for (const [key, { payload }] of entries) if (payload.grantId === grantId) entries.delete(key);
    },
  });
}
