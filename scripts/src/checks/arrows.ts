import { type Target, targetOf, type Violation } from "./modules.js";
import type { SourceFile } from "./source-file.js";

/** A part of the house: which files it is, what it may see, and why. Paths are beginnings; the first zone that fits counts. */
interface Zone {
  readonly name: string;
  readonly at: RegExp;
  /** Beginnings of paths it may import, besides its own (see `own`). */
  readonly sees: readonly string[];
  /** Its own files: the part of the path that two files must share to be one thing. */
  readonly own: RegExp;
  readonly node: boolean;
  readonly npm: boolean;
  readonly because: string;
}

const SHARED = "shared/src/";
const DOMAIN = "broker/src/domain/";
const PORTS = "broker/src/ports/";
const OPERATIONS = "broker/src/operations/";
/** Calls out of the house, which several adapters make by the same rules. */
const NETWORK = "broker/src/network/";

const ADAPTER =
  "an adapter knows the domain and the ports and no other adapter, so that each can be changed or replaced alone; let compose.ts bring them together";
const CLI_PART =
  "commands are the top of the CLI and sit on its other folders; move what both need into a folder of its own";

/** `design §5`, the table of arrows. */
const ZONES: readonly Zone[] = [
  {
    name: "the log's proofs",
    at: /^shared\/src\/audit\//,
    sees: [SHARED],
    own: /^shared\/src\//,
    // SHA-256 and Ed25519 a million times over: Web Crypto answers each with a promise.
    node: true,
    npm: false,
    because:
      "proofs are verified by whoever does not trust the broker, with nothing but node's own hashes and signatures",
  },
  {
    name: "shared",
    at: /^shared\/src\//,
    sees: [],
    own: /^shared\/src\//,
    node: false,
    npm: true,
    because: "shared is what both sides speak and runs in any of them; move it to the side that needs it",
  },
  {
    name: "domain",
    at: /^broker\/src\/domain\//,
    sees: [SHARED],
    own: /^broker\/src\/domain\//,
    node: false,
    npm: false,
    because:
      "domain is pure (no clock, randomness, I/O or library), so that every rule can be tested as a table; move it to an operation or an adapter and pass in the result",
  },
  {
    name: "ports",
    at: /^broker\/src\/ports\//,
    sees: [SHARED, DOMAIN],
    own: /^broker\/src\/ports\//,
    node: false,
    npm: true,
    because: "ports say in the domain's words what operations need; how it is done belongs to an adapter",
  },
  {
    name: "operations",
    at: /^broker\/src\/operations\//,
    sees: [SHARED, DOMAIN, PORTS],
    own: /^broker\/src\/operations\//,
    node: true,
    npm: false,
    because:
      "operations are the behaviour of the broker and see the world through ports only; put the library behind a port",
  },
  {
    name: "expiry",
    at: /^broker\/src\/expiry\//,
    sees: [SHARED, DOMAIN, PORTS, OPERATIONS],
    own: /^broker\/src\/expiry\//,
    node: true,
    npm: false,
    because: "expiry is a timer around operations; what it does belongs there",
  },
  {
    name: "outbox",
    at: /^broker\/src\/outbox\//,
    sees: [SHARED, DOMAIN, PORTS, OPERATIONS],
    own: /^broker\/src\/outbox\//,
    node: true,
    npm: false,
    because: "the outbox is timers around operations, as expiry is; what they do belongs there",
  },
  {
    name: "http",
    at: /^broker\/src\/http\//,
    sees: [SHARED, DOMAIN, PORTS, OPERATIONS],
    own: /^broker\/src\/http\//,
    node: true,
    npm: true,
    because: "a route parses, calls an operation and replies; it does not reach around operations",
  },
  {
    name: "admin",
    at: /^broker\/src\/admin\//,
    sees: [SHARED, DOMAIN, PORTS, OPERATIONS],
    own: /^broker\/src\/admin\//,
    node: true,
    npm: true,
    because: "the operators' socket parses, calls an operation and replies, as http does",
  },
  {
    name: "the broker's commands",
    at: /^broker\/src\/commands\//,
    // They are the composition's other end: programs around the whole broker.
    sees: [SHARED, "broker/src/"],
    own: /^broker\/src\/commands\//,
    node: true,
    npm: true,
    because: "broker and CLI meet in shared and on the wire, nowhere else",
  },
  {
    name: "providers registry",
    at: /^broker\/src\/providers\/[^/]+\.ts$/,
    sees: [SHARED, DOMAIN, PORTS],
    own: /^broker\/src\/providers\//,
    node: true,
    npm: false,
    because: ADAPTER,
  },
  {
    name: "an adapter of the broker",
    at: /^broker\/src\/(?!compose\/)[^/]+\//,
    sees: [SHARED, DOMAIN, PORTS, NETWORK],
    own: /^broker\/src\/(?:providers\/[^/]+|[^/]+)\//,
    node: true,
    npm: true,
    because: ADAPTER,
  },
  {
    name: "the broker's composition",
    at: /^broker\/src\//,
    sees: [SHARED],
    own: /^broker\/src\//,
    node: true,
    npm: true,
    because: "broker and CLI meet in shared and on the wire, nowhere else",
  },
  {
    name: "a command",
    at: /^cli\/src\/commands\//,
    // Everything of the CLI but other commands; files of one command share its name.
    sees: [SHARED, "cli/src/"],
    own: /^cli\/src\/commands\/[^/.]+/,
    node: true,
    npm: true,
    because:
      "a command never calls another command, so that each can be read, loaded and changed alone; move what both need into another folder",
  },
  {
    name: "a folder of the CLI",
    at: /^cli\/src\/[^/]+\//,
    sees: [SHARED, "cli/src/"],
    own: /^cli\/src\/[^/]+\//,
    node: true,
    npm: true,
    because: CLI_PART,
  },
  {
    name: "the CLI",
    at: /^cli\/src\//,
    sees: [SHARED],
    own: /^cli\/src\//,
    node: true,
    npm: true,
    because: "broker and CLI meet in shared and on the wire, nowhere else",
  },
  {
    name: "the broker that fails on purpose, and what is measured against its ledger",
    at: /^scripts\/src\/(?:faults|soak|bench\/leases|bench\/policy|bench\/audit)/,
    sees: [SHARED, "scripts/src/", "broker/src/"],
    own: /^scripts\/src\//,
    node: true,
    npm: true,
    because: "only the broker is taken apart here; the CLI is a program, to be run as one",
  },
  {
    name: "scripts",
    at: /^scripts\/src\//,
    sees: [SHARED],
    own: /^scripts\/src\//,
    node: true,
    npm: true,
    because: "scripts drive the built programs from outside, as a person would",
  },
];

/** Tests may use everything of their own package, and the real issuer and database of scripts. */
function mayBeSeenByTest(test: string, path: string): boolean {
  const own = test.split("/")[0] ?? "";
  return (
    path.startsWith(`${own}/`) || path.startsWith(SHARED) || /^scripts\/src\/(?:environment|faults|soak)\//.test(path)
  );
}

/** Every import that follows no arrow of the table. */
export function checkArrows(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) =>
    file.imports.flatMap(({ specifier, line }) => {
      const because = whyNot(file, targetOf(file, specifier));
      return because === undefined ? [] : [{ path: file.path, line, message: `imports ${specifier}: ${because}` }];
    }),
  );
}

function whyNot(file: SourceFile, target: Target): string | undefined {
  if (file.isTest) {
    const strange = target.kind === "file" && !mayBeSeenByTest(file.path, target.path);
    return strange ? "a test stays in its own package and meets the other side on the wire" : undefined;
  }
  const zone = ZONES.find(({ at }) => at.test(file.path));
  if (zone === undefined) return undefined;
  if (target.kind === "node") return zone.node ? undefined : zone.because;
  if (target.kind === "npm") return zone.npm ? undefined : zone.because;
  if (/\.testing\.ts$|\.test\.ts$/.test(target.path))
    return "what is for tests is not part of the program; move it out of the *.testing.ts file";
  const own = zone.own.exec(file.path)?.[0];
  if (
    own !== undefined &&
    (target.path.startsWith(`${own}/`) ||
      target.path.startsWith(`${own}.`) ||
      (own.endsWith("/") && target.path.startsWith(own)))
  )
    return undefined;
  if (target.path.startsWith("cli/src/commands/") && file.path.startsWith("cli/src/") && zone.name !== "the CLI")
    return zone.because;
  return zone.sees.some((beginning) => target.path.startsWith(beginning)) ? undefined : zone.because;
}
