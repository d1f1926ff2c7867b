import { targetOf, type Violation } from "./modules.js";
import type { SourceFile } from "./source-file.js";

interface Library {
  readonly names: readonly string[];
  readonly at: RegExp;
  readonly home: string;
}

/** One library, one folder: a library can be replaced, patched and understood where it lives, and nowhere else. */
const LIBRARIES: readonly Library[] = [
  { names: ["drizzle-orm", "@libsql/client", "libsql"], at: /^broker\/src\/store\//, home: "broker/src/store" },
  { names: ["pg"], at: /^broker\/src\/providers\/postgres\//, home: "broker/src/providers/postgres" },
  { names: ["jose"], at: /^broker\/src\/identity\//, home: "broker/src/identity" },
  { names: ["hono", "@hono/node-server"], at: /^broker\/src\/http\//, home: "broker/src/http" },
  { names: ["nodemailer"], at: /^broker\/src\/destinations\//, home: "broker/src/destinations" },
  { names: ["ical.js"], at: /^broker\/src\/calendars\//, home: "broker/src/calendars" },
  { names: ["yaml"], at: /^broker\/src\/config\//, home: "broker/src/config" },
  { names: ["ora", "chalk", "inquirer"], at: /^cli\/src\/terminal\//, home: "cli/src/terminal" },
  {
    names: ["undici"],
    at: /^(?:cli\/src\/broker-client|broker\/src\/identity)\//,
    home: "cli/src/broker-client and broker/src/identity",
  },
  { names: ["@lydell/node-pty"], at: /^cli\/src\/child\/recorded\//, home: "cli/src/child/recorded" },
  { names: ["openid-client"], at: /^cli\/src\/auth\//, home: "cli/src/auth" },
  { names: ["@napi-rs/keyring"], at: /^cli\/src\/keyring\//, home: "cli/src/keyring" },
  {
    names: ["commander"],
    at: /^(?:cli\/src\/(?:[^/]+\.ts$|commands\/)|broker\/src\/main\.ts$)/,
    home: "the command trees: cli/src/*.ts, cli/src/commands and broker/src/main.ts",
  },
  { names: ["zod"], at: /^(?:shared|broker|cli)\/src\//, home: "shared, broker and cli" },
];

/** Signature checks with defaults that were wrong more than once (CVE-2025-62610, CVE-2026-22817, CVE-2026-22818). */
const FORBIDDEN = /^hono\/(?:jwt|jwk)$/;

/** Every library outside of its folder. Tests and scripts may use any: they look at phi from outside. */
export function checkLibraries(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) =>
    file.imports.flatMap(({ specifier, line }) => {
      const because = whyNot(file, specifier);
      return because === undefined ? [] : [{ path: file.path, line, message: `imports ${specifier}: ${because}` }];
    }),
  );
}

function whyNot(file: SourceFile, specifier: string): string | undefined {
  const target = targetOf(file, specifier);
  if (target.kind !== "npm") return undefined;
  if (FORBIDDEN.test(specifier))
    return "its defaults accept tokens they should not; verify with jose in broker/src/identity";
  if (file.isTest || file.path.startsWith("scripts/")) return undefined;
  const library = LIBRARIES.find(({ names }) => names.includes(target.name));
  if (library === undefined)
    return "no folder owns this library; name one in scripts/src/checks/libraries.ts, or do without";
  return library.at.test(file.path)
    ? undefined
    : `${target.name} lives in ${library.home}, and only there; use what that folder exports`;
}
