import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../bin/phi.cjs", import.meta.url));

/** Whether a real terminal can be had here; says so when not. */
export function hasTmux(): boolean {
  const has = spawnSync("tmux", ["-V"]).status === 0 && existsSync("/bin/bash");
  if (!has) process.stderr.write("tests at a terminal are skipped: they need tmux and bash\n");
  return has;
}

/** A bash on a real terminal, with `phi` as a command, typed into through tmux. */
export interface Desk {
  tmux(...args: string[]): string;
  type(text: string): void;
  key(name: string): void;
  line(text: string): void;
  screen(): string;
  /** Waits until the screen shows it, and gives the screen. */
  shows(pattern: RegExp, patience?: number): Promise<string>;
  leave(): void;
}

let desks = 0;

export async function openDesk(
  home: string,
  { columns = 100, rows = 30 }: { columns?: number; rows?: number } = {},
): Promise<Desk> {
  // A socket of its own for each: the server of the one before may still be on its way out.
  const socket = join(home, `tmux-${++desks}`);
  const tmux = (...args: string[]) => execFileSync("tmux", ["-S", socket, ...args], { encoding: "utf8" });
  const key = (name: string) => void tmux("send-keys", name);
  const type = (text: string) => void tmux("send-keys", "-l", text);
  const screen = () => tmux("capture-pane", "-p", "-J");
  const desk: Desk = {
    tmux,
    type,
    key,
    screen,
    line(text) {
      type(text);
      key("Enter");
    },
    async shows(pattern, patience = 15_000) {
      for (const end = Date.now() + patience; ; ) {
        const now = screen();
        if (pattern.test(now)) return now;
        if (Date.now() > end) throw new Error(`the screen never showed ${pattern}:\n${now}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    leave: () => void spawnSync("tmux", ["-S", socket, "kill-server"]),
  };
  const env = {
    PATH: process.env.PATH ?? "",
    HOME: home,
    XDG_STATE_HOME: `${home}/state`,
    TERM: "screen",
    LANG: "C.UTF-8",
    SHELL: "/bin/sh",
    HISTFILE: "",
    LESSHISTFILE: "-",
  };
  const size = ["-x", String(columns), "-y", String(rows)];
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const bash = ["env", "-i", ...assignments, "/bin/bash", "--norc", "--noprofile"];
  tmux("-f", "/dev/null", "new-session", "-d", "-c", home, ...size, ...bash);
  desk.line(`PS1='ready> '; phi() { ${process.execPath} ${BIN} "$@"; }; clear`);
  await desk.shows(/^ready> /m);
  return desk;
}
