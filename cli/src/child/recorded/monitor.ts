import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";

/**
 * What stands between phi and the command on the recorded terminal: a shell of a few lines, which is what a shell is for. A
 * command that is alone on its terminal cannot be stopped by Ctrl-Z (POSIX.1-2024 §2.4.3: an orphaned process group ignores
 * TSTP), and nobody but its parent sees it stop. So the command is a job of this monitor, in the foreground; when it stops or
 * ends, the monitor says so on the terminal itself, behind everything that the command wrote, and stops until phi has read it.
 *
 * It leaves TERM to the command, and ends as the command ended. When phi is gone, the terminal hangs up: the monitor ends of it, and the
 * system then hangs up the command (POSIX.1-2024 §2.14.3, _exit of a controlling process). Its own remarks ("Terminated") go nowhere; bash makes
 * none, and needs its stderr to be the terminal.
 */
const MONITOR = `
[ -z "$2" ] || stty "$2" 2>/dev/null
set -m
trap : TERM
exec 3>&2
[ -n "$BASH_VERSION" ] || exec 2>/dev/null
mark=$1
shift 2
/bin/sh -c 'exec "$0" "$@" 2>&3 3>&-' "$@"
code=$?
while kill -0 %% 2>/dev/null; do
  printf '\\033_%s:stopped\\033\\\\' "$mark" >&3
  kill -STOP $$
  fg %% >/dev/null
  code=$?
done
printf '\\033_%s:ended\\033\\\\' "$mark" >&3
kill -STOP $$
[ -n "$BASH_VERSION" ] && [ "$code" = 130 ] && kill -INT $$
exit "$code"
`;

/** The smallest shell that can do it; bash pays three times as long for its start. */
const SHELLS = ["/bin/dash", "/usr/bin/dash"];

export interface Monitor {
  readonly file: string;
  readonly args: readonly string[];
  readonly scan: MarkScanner;
}

/**
 * @param file the command's path, with a slash in it, so that no builtin of the shell is meant; `args` follow it
 * @param settings what stty(1) says of the person's terminal: the command's is to be set in the same way
 */
export function monitorOf(file: string, args: readonly string[], settings = ""): Monitor {
  // Not to be guessed by what the command writes.
  const mark = `phi-${randomBytes(12).toString("hex")}`;
  const shell = SHELLS.find((one) => existsSync(one)) ?? "/bin/sh";
  return { file: shell, args: ["-c", MONITOR, "phi", mark, settings, file, ...args], scan: createMarkScanner(mark) };
}

const WORDS = ["stopped", "ended"] as const;
export type Mark = (typeof WORDS)[number];

/** Finds the monitor's marks in the terminal's output, and takes them out of it. */
export interface MarkScanner {
  /** The pieces in order. What may be the beginning of a mark is kept for the next call. */
  push(bytes: Buffer): (Buffer | Mark)[];
  /** What is still kept. */
  rest(): Buffer;
}

export function createMarkScanner(mark: string): MarkScanner {
  const begin = Buffer.from(`\u001b_${mark}:`);
  const longest = begin.length + "stopped\u001b\\".length;
  let kept: Buffer = Buffer.alloc(0);

  return {
    push(bytes) {
      const found: (Buffer | Mark)[] = [];
      let text = kept.length === 0 ? bytes : Buffer.concat([kept, bytes]);
      for (;;) {
        const at = indexOfBeginning(text, begin);
        if (at < 0) break;
        const after = text.toString("latin1", at + begin.length, at + longest);
        const word = WORDS.find((known) => after.startsWith(`${known}\u001b\\`));
        if (word === undefined) {
          if (text.length - at >= longest) {
            // Begins as a mark and is none.
            found.push(text.subarray(0, at + begin.length));
            text = text.subarray(at + begin.length);
            continue;
          }
          if (at > 0) found.push(text.subarray(0, at));
          kept = Buffer.from(text.subarray(at));
          return found;
        }
        if (at > 0) found.push(text.subarray(0, at));
        found.push(word);
        text = text.subarray(at + begin.length + word.length + 2);
      }
      if (text.length > 0) found.push(text);
      kept = Buffer.alloc(0);
      return found;
    },
    rest: () => kept,
  };
}

/** Where `begin`, or at the very end some first bytes of it, stand in `text`; -1 for nowhere. */
function indexOfBeginning(text: Buffer, begin: Buffer): number {
  const whole = text.indexOf(begin);
  if (whole >= 0) return whole;
  const at = text.lastIndexOf(0x1b);
  return at >= 0 && begin.subarray(0, text.length - at).equals(text.subarray(at)) ? at : -1;
}
