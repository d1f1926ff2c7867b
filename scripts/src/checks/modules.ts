import { posix } from "node:path";
import type { SourceFile } from "./source-file.js";

/** What a specifier leads to. */
export type Target =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "npm"; readonly name: string; readonly specifier: string }
  | { readonly kind: "node"; readonly name: string };

/** Where `specifier` leads when `from` imports it: a file of this repository, a package, or a part of Node. */
export function targetOf(from: SourceFile, specifier: string): Target {
  if (specifier.startsWith(".")) {
    const path = posix.join(posix.dirname(from.path), specifier);
    return { kind: "file", path: path.replace(/\.([cm]?)js$/, ".$1ts") };
  }
  if (specifier.startsWith("node:")) return { kind: "node", name: specifier };
  const [scope = "", name = "", ...rest] = specifier.split("/");
  if (scope === "@phi") return { kind: "file", path: `${posix.join(name, "src", ...rest)}.ts` };
  return { kind: "npm", name: scope.startsWith("@") ? `${scope}/${name}` : scope, specifier };
}

/** One thing that is not as the design wants it. */
export interface Violation {
  readonly path: string;
  /** Absent when it concerns the whole file. */
  readonly line?: number;
  /** What is wrong, why that matters, and where it should go. */
  readonly message: string;
}

/** `broker/src/domain/lease.ts:3 imports …`. */
export function violationInWords({ path, line, message }: Violation): string {
  return `${path}${line === undefined ? "" : `:${line}`} ${message}`;
}
