import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { readSource, type SourceText } from "./source-text.js";

/** One module that a file names. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** `import type`: gone when the program runs. */
  readonly typeOnly: boolean;
  /** `import()`: loaded when that line runs, not before. */
  readonly dynamic: boolean;
}

export interface SourceFile extends SourceText {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Test, or support for tests. */
  readonly isTest: boolean;
}

const PACKAGES = ["shared", "broker", "cli", "scripts"];

/** Every TypeScript source of the workspace packages, in the order of their paths. */
export function readSources(root: string): SourceFile[] {
  return PACKAGES.flatMap((name) => ["src", "test"].map((folder) => posix.join(name, folder)))
    .flatMap((folder) => listSources(root, folder))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(root, path), "utf8")));
}

function listSources(root: string, folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) return listSources(root, path);
      return /\.[cm]?tsx?$/.test(entry.name) ? [path] : [];
    });
  } catch {
    return []; // a package without this folder
  }
}

export function parseSource(path: string, text: string): SourceFile {
  const source = readSource(text);
  const isTest = /\.(?:test|testing)\.ts$|^[^/]+\/test\//.test(path);
  return { path, ...source, isTest, imports: findImports(source) };
}

const FORMS: readonly { readonly form: RegExp; readonly dynamic: boolean }[] = [
  { form: /\b(?:import|export)\b(\s+type\b)?[^;"'`()]*?\bfrom\s*["']([^"'\n]+)["']/g, dynamic: false },
  { form: /\bimport()\s*["']([^"'\n]+)["']/g, dynamic: false },
  { form: /\b(?:import|require)()\s*\(\s*["'`]([^"'`\n]+)["'`]/g, dynamic: true },
];

function findImports({ code, bare }: SourceText): Import[] {
  return FORMS.flatMap(({ form, dynamic }) =>
    [...code.matchAll(form)]
      // In text that only talks of imports the word is blank.
      .filter((match) => bare[match.index] !== " ")
      .map((match) => ({
        specifier: match[2] ?? "",
        line: lineAt(code, match.index),
        typeOnly: match[1] !== "" && match[1] !== undefined,
        dynamic,
      })),
  ).sort((a, b) => a.line - b.line);
}

/** Counted from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Lines on which a pattern (with the flag `g`) stands in code, outside of comments and text. */
export function linesOf(file: SourceFile, pattern: RegExp): number[] {
  return [...file.bare.matchAll(pattern)].map((match) => lineAt(file.bare, match.index));
}
