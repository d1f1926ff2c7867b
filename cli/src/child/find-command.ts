import { accessSync, constants, type Stats, statSync } from "node:fs";
import path from "node:path";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";

/**
 * The file that `execvp` would run for `command`: looked for before a credential is asked for, so that a slip of the
 * pen makes none. Throws `command_not_found` (127) or `command_not_executable` (126), as env(1) tells them apart.
 */
export function findCommand(command: string, searchPath: string | undefined): string {
  const shown = printable(command, 200);
  let found: string | undefined;
  for (const candidate of candidates(command, searchPath)) {
    const stat = statOf(candidate);
    if (stat === undefined) continue;
    if (stat.isFile() && mayRun(candidate)) return candidate;
    found ??= stat.isDirectory() && !command.includes("/") ? undefined : candidate;
  }
  if (found === undefined) {
    throw new PhiError(
      "command_not_found",
      command.includes("/") ? `There is no file ${shown}.` : `There is no command "${shown}" in PATH.`,
      {
        hint: "no credential was made",
      },
    );
  }
  throw new PhiError(
    "command_not_executable",
    `${printable(found, 200)} cannot be run: ${statOf(found)?.isDirectory() === true ? "it is a directory" : "permission denied"}.`,
    {
      hint: "no credential was made",
    },
  );
}

/** As execvp(3): a name with a slash is a path; an empty entry of PATH is the current directory. */
function candidates(command: string, searchPath: string | undefined): string[] {
  if (command === "") return [];
  if (command.includes("/")) return [command];
  return (searchPath ?? "/usr/local/bin:/bin:/usr/bin")
    .split(path.delimiter)
    .map((directory) => `${directory === "" ? "." : directory}/${command}`);
}

function statOf(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined; // a part of the path is a file, a loop, or not ours to look into
  }
}

function mayRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
