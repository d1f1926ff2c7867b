import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Violation } from "./modules.js";

/** Below these a library has a known hole or loses data. */
const FLOORS: Readonly<Record<string, { readonly version: string; readonly because: string }>> = {
  hono: { version: "4.12.34", because: "older ones have known vulnerabilities" },
  "@hono/node-server": { version: "2.0.10", because: "older ones have known vulnerabilities" },
  "drizzle-orm": { version: "0.45.2", because: "older ones have a known vulnerability" },
  "@libsql/client": { version: "0.18.0", because: "older ones lose acknowledged writes" },
};

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}
interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

/** Direct dependencies, and what the lockfile installs for them anywhere in the tree, stand at or above the floors. */
export function checkVersions(root: string): Violation[] {
  const asked = [
    "package.json",
    ...["shared", "broker", "cli", "scripts"].map((name) => `${name}/package.json`),
  ].flatMap((path) => {
    const { dependencies, devDependencies } = readJson<Manifest>(join(root, path)) ?? {};
    return Object.entries({ ...devDependencies, ...dependencies }).map(([name, version]) => ({ path, name, version }));
  });
  const locked = Object.entries(readJson<Lock>(join(root, "package-lock.json"))?.packages ?? {}).flatMap(
    ([place, { version }]) => {
      const name = place.split("node_modules/").at(-1) ?? "";
      return version === undefined || !place.includes("node_modules/")
        ? []
        : [{ path: "package-lock.json", name, version }];
    },
  );
  return [...asked, ...locked].flatMap(({ path, name, version }) => {
    const floor = Object.hasOwn(FLOORS, name) ? FLOORS[name] : undefined;
    if (floor === undefined || isAtLeast(version, floor.version)) return [];
    return [{ path, message: `has ${name} ${version}: ${floor.because}; use ${floor.version} or newer` }];
  });
}

function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch {
    return undefined; // a package that is not there has no dependencies
  }
}

/** Compares `1.2.3`, or a range by its lowest version; what is neither is below every floor. */
function isAtLeast(version: string, floor: string): boolean {
  const found = /^[\^~]?(\d+)\.(\d+)\.(\d+)$/.exec(version)?.slice(1).map(Number);
  if (found === undefined) return false;
  const wanted = floor.split(".").map(Number);
  const differing = wanted.findIndex((part, index) => part !== found[index]);
  return differing === -1 || (found[differing] ?? 0) > (wanted[differing] ?? 0);
}
