import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkBoundaries } from "./check-boundaries.js";
import { violationInWords } from "./modules.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "phi-boundaries-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What the check says of a repository with just these files. */
function check(files: Record<string, string>): string[] {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return checkBoundaries(root).violations.map(violationInWords);
}

describe("an arrow that is not in the table is refused, with its place and the reason:", () => {
  test.each<[string, string, string, RegExp]>([
    [
      "domain to Node",
      "broker/src/domain/lease.ts",
      'import { randomUUID } from "node:crypto";',
      /^broker\/src\/domain\/lease\.ts:1 imports node:crypto: domain is pure .* so that .*; move it to /,
    ],
    [
      "domain to a library",
      "broker/src/domain/lease.ts",
      'import type { z } from "zod";',
      /imports zod: domain is pure/,
    ],
    [
      "domain to a port",
      "broker/src/domain/lease.ts",
      'import type { Clock } from "../ports/clock.js";',
      /imports \.\.\/ports\/clock\.js: domain is pure/,
    ],
    [
      "shared to Node",
      "shared/src/ids.ts",
      'import { randomBytes } from "node:crypto";',
      /shared is what both sides speak/,
    ],
    [
      "shared to the broker",
      "shared/src/ids.ts",
      'import { x } from "@phi/broker/domain/lease";',
      /shared is what both sides speak/,
    ],
    [
      "a port to Node",
      "broker/src/ports/ledger.ts",
      'import { open } from "node:fs";',
      /ports say in the domain's words/,
    ],
    [
      "a port to an operation",
      "broker/src/ports/ledger.ts",
      'import { x } from "../operations/x.js";',
      /ports say in the domain's words/,
    ],
    [
      "an operation to an adapter",
      "broker/src/operations/sign-out.ts",
      'import { x } from "../store/ledger.js";',
      /see the world through ports only/,
    ],
    [
      "an operation to a library",
      "broker/src/operations/sign-out.ts",
      'import { z } from "zod";',
      /see the world through ports only/,
    ],
    [
      "a route to the store",
      "broker/src/http/app.ts",
      'export { x } from "../store/ledger.js";',
      /does not reach around operations/,
    ],
    ["expiry to the store", "broker/src/expiry/loop.ts", 'import "../store/ledger.js";', /a timer around operations/],
    [
      "the store to the log",
      "broker/src/store/ledger.ts",
      'import { x } from "../audit/log.js";',
      /an adapter knows the domain and the ports and no other adapter/,
    ],
    [
      "one provider to another",
      "broker/src/providers/redis/issue.ts",
      'import { x } from "../postgres/issue.js";',
      /no other adapter/,
    ],
    [
      "configuration to a provider",
      "broker/src/config/load.ts",
      'import { x } from "../providers/registry.js";',
      /no other adapter/,
    ],
    [
      "the broker to the CLI",
      "broker/src/compose.ts",
      'import { x } from "@phi/cli/main";',
      /meet in shared and on the wire/,
    ],
    [
      "the CLI to the broker",
      "cli/src/program.ts",
      'const x = await import("@phi/broker/domain/lease");',
      /meet in shared and on the wire/,
    ],
    [
      "a command to another",
      "cli/src/commands/approve.ts",
      'import { x } from "./deny.js";',
      /a command never calls another command/,
    ],
    [
      "a command to one whose name begins like its own",
      "cli/src/commands/request.ts",
      'import { x } from "./requests.js";',
      /never calls another command/,
    ],
    [
      "the terminal to a command",
      "cli/src/terminal/table.ts",
      'import { x } from "../commands/audit.js";',
      /commands are the top of the CLI/,
    ],
    [
      "a program to support for tests",
      "broker/src/store/ledger.ts",
      'import { x } from "./ledger.testing.js";',
      /what is for tests is not part of the program/,
    ],
    [
      "a test to the other side",
      "cli/test/exec.test.ts",
      'import { x } from "@phi/broker/compose";',
      /a test stays in its own package/,
    ],
    [
      "scripts to the insides of the CLI",
      "scripts/src/demo.ts",
      'import { x } from "../../cli/src/main.js";',
      /from outside, as a person would/,
    ],
  ])("%s", (_, path, text, expected) => {
    expect(check({ [path]: text })).toEqual([expect.stringMatching(expected)]);
  });

  test.each<[string, string, string]>([
    [
      "an operation to a port, the domain and Node",
      "broker/src/operations/x.ts",
      'import "../ports/a.js"; import "../domain/b.js"; import "node:crypto"; import "@phi/shared/ids";',
    ],
    ["an adapter to a port", "broker/src/store/ledger.ts", 'import type { Ledger } from "../ports/ledger.js";'],
    ["the registry to a provider", "broker/src/providers/registry.ts", 'import { x } from "./postgres/provider.js";'],
    [
      "compose to all",
      "broker/src/compose.ts",
      'import "./store/a.js"; import "./http/b.js"; import "./providers/registry.js";',
    ],
    [
      "a part of compose to all",
      "broker/src/compose/world.ts",
      'import "../store/a.js"; import "../http/b.js"; import "./policy.js";',
    ],
    ["a command to its own files", "cli/src/commands/request.ts", 'import { x } from "./request/wait.js";'],
    [
      "a command to another folder",
      "cli/src/commands/request/wait.ts",
      'import { x } from "../../terminal/spinner.js";',
    ],
    [
      "a test to the real database",
      "broker/src/store/ledger.test.ts",
      'import { startPostgres } from "@phi/scripts/environment/postgres";',
    ],
  ])("and not %s", (_, path, text) => {
    expect(check({ [path]: text })).toEqual([]);
  });
});

describe("a library outside of its folder is refused:", () => {
  test.each([
    ["broker/src/http/app.ts", "drizzle-orm/libsql", "broker/src/store"],
    ["broker/src/audit/log.ts", "@libsql/client", "broker/src/store"],
    ["broker/src/store/ledger.ts", "pg", "broker/src/providers/postgres"],
    ["broker/src/http/app.ts", "jose", "broker/src/identity"],
    ["broker/src/identity/x.ts", "hono", "broker/src/http"],
    ["broker/src/compose.ts", "@hono/node-server", "broker/src/http"],
    ["broker/src/main.ts", "yaml", "broker/src/config"],
    ["cli/src/commands/audit.ts", "chalk", "cli/src/terminal"],
    ["cli/src/auth/x.ts", "ora", "cli/src/terminal"],
    ["cli/src/commands/request.ts", "inquirer", "cli/src/terminal"],
    ["cli/src/auth/x.ts", "undici", "cli/src/broker-client"],
    ["cli/src/commands/logout.ts", "openid-client", "cli/src/auth"],
    ["cli/src/auth/x.ts", "@napi-rs/keyring", "cli/src/keyring"],
    ["cli/src/terminal/x.ts", "commander", "the command trees"],
  ])("%s with %s", (path, library, home) => {
    const [said, ...more] = check({ [path]: `import type { x } from "${library}";` });
    expect(said).toContain(`${path}:1 imports ${library}: `);
    expect(said).toContain(`lives in ${home}`);
    expect(more).toEqual([]);
  });

  test("one that nobody owns", () => {
    expect(check({ "broker/src/store/x.ts": 'import _ from "lodash";' })).toEqual([
      expect.stringContaining("no folder owns this library"),
    ]);
  });

  test.each(["hono/jwt", "hono/jwk"])("%s, in its folder and in tests too", (library) => {
    expect(
      check({
        "broker/src/http/a.ts": `import { x } from "${library}";`,
        "broker/src/http/a.test.ts": `import { x } from "${library}";`,
      }),
    ).toEqual([
      expect.stringContaining("accept tokens they should not"),
      expect.stringContaining("accept tokens they should not"),
    ]);
  });
});

describe("a habit is kept:", () => {
  test.each<[string, string, string, RegExp]>([
    ["no default exports", "cli/src/child/a.ts", "export default 1;", /:1 has a default export/],
    ["the process ends in main only", "cli/src/child/a.ts", "\nprocess.exit(1);", /:2 ends the process/],
    [
      "the environment is read at the edge",
      "broker/src/store/a.ts",
      "const x = process.env.HOME;",
      /:1 reads the environment/,
    ],
    [
      "the environment is read at the edge, also in one piece",
      "cli/src/commands/a.ts",
      "f(process.env);",
      /:1 reads the environment/,
    ],
    ["secrets are opened in listed files", "broker/src/audit/a.ts", "token.reveal();", /:1 opens a secret/],
  ])("%s", (_, path, text, expected) => {
    expect(check({ [path]: text })).toEqual([expect.stringMatching(expected)]);
  });

  test("main may end the process and read the environment, and tests may do both", () => {
    const text = "process.exit(Number(process.env.X));";
    expect(check({ "cli/src/main.ts": text, "broker/src/main.ts": text, "cli/src/child/a.test.ts": text })).toEqual([]);
  });

  test("a file that is listed for opening secrets and does not is reported", () => {
    expect(check({ "cli/src/commands/login.ts": "token.toString();" })).toEqual([
      expect.stringContaining("opens no secret any more"),
    ]);
  });
});

describe("the hot path of the CLI", () => {
  const far = 'import { z } from "zod";\nexport const x = z;';

  test("reaches no library, also not through shared; the way there is told", () => {
    const said = check({
      "cli/src/main.ts": 'import { a } from "./child/a.js";',
      "cli/src/child/a.ts": 'export * from "@phi/shared/contract/lease";',
      "shared/src/contract/lease.ts": far,
    });
    expect(said).toEqual([
      "shared/src/contract/lease.ts:1 imports zod: it is loaded for every phi exec (cli/src/main.ts → cli/src/child/a.ts → " +
        "shared/src/contract/lease.ts), which has to start fast; load it with import() where it is needed",
    ]);
  });

  test.each(["exec", "shell", "env", "prompt"])("begins at %s too, although main loads it later", (name) => {
    expect(check({ [`cli/src/commands/${name}.ts`]: 'import { z } from "zod";' })).toHaveLength(1);
  });

  test("may name types, and may load later", () => {
    const text = 'import type { z } from "zod";\nexport const later = () => import("./program.js");';
    expect(check({ "cli/src/main.ts": text, "cli/src/program.ts": far })).toEqual([]);
  });
});

describe("versions with known holes are refused", () => {
  test.each([
    ["hono", "4.12.33", "4.12.34"],
    ["drizzle-orm", "^0.45.1", "0.45.2"],
    ["@libsql/client", "0.17.9", "0.18.0"],
    ["@hono/node-server", "1.19.0", "2.0.10"],
    ["hono", "latest", "4.12.34"],
  ])("%s %s", (name, version, floor) => {
    const manifest = JSON.stringify({ dependencies: { [name]: version } });
    expect(check({ "broker/package.json": manifest })).toEqual([
      expect.stringMatching(`^broker/package.json has ${name} .* use ${floor} or newer`.replace("+", "\\+")),
    ]);
  });

  test("also deep in the lockfile, and not from the floor on", () => {
    const packages = {
      "node_modules/x/node_modules/hono": { version: "4.0.0" },
      "node_modules/hono": { version: "4.12.34" },
    };
    const said = check({
      "package-lock.json": JSON.stringify({ packages }),
      "broker/package.json": JSON.stringify({
        dependencies: { hono: "4.13.0", "drizzle-orm": "0.45.2", "@libsql/client": "1.0.0" },
      }),
    });
    expect(said).toEqual([expect.stringContaining("package-lock.json has hono 4.0.0")]);
  });
});
