/** How variables are written for a program that reads them back. */
export type ShellDialect = "sh" | "fish" | "json";

export function isShellDialect(word: string): word is ShellDialect {
  return word === "sh" || word === "fish" || word === "json";
}

/**
 * Lines that set `variables` and remove `stale` when a shell evaluates them, or one JSON object. Names are the contract's
 * (upper case, digits, underscore) or come from this process's own environment; values may hold anything but NUL.
 */
export function writeAssignments(
  dialect: ShellDialect,
  variables: Readonly<Record<string, string>>,
  stale: readonly string[],
): string {
  const removable = stale.filter((name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  switch (dialect) {
    case "json":
      return `${JSON.stringify({ environment: variables, unset: removable })}\n`;
    case "sh":
      return lines(
        removable
          .map((name) => `unset ${name}`)
          .concat(Object.entries(variables).map(([name, value]) => `export ${name}=${quoteForSh(value)}`)),
      );
    case "fish":
      return lines(
        removable
          .map((name) => `set -e ${name}`)
          .concat(Object.entries(variables).map(([name, value]) => `set -gx ${name} ${quoteForFish(value)}`)),
      );
  }
}

/** POSIX.1-2024 §2.2.2: between single quotes every character is itself; a single quote cannot stand there. */
function quoteForSh(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

/** fish: between single quotes only `\\` and `\'` mean something. */
function quoteForFish(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}
