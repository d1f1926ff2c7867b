import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How the real CLI is run for one person: its bin and the whole environment, with that person's own state directory. */
export interface Person {
  readonly bin: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs the CLI and gives its stdout; rejects with its stderr when it fails. */
export async function runPhi(
  person: Person,
  args: readonly string[],
  onLine: (line: string) => void = () => {},
): Promise<string> {
  const child = spawn(process.execPath, [person.bin, ...args], {
    env: { ...person.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let talk = "";
  createInterface({ input: child.stdout }).on("line", (line) => {
    out += `${line}\n`;
    onLine(line);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    talk += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("close", resolve),
  );
  if (code !== 0) throw new Error(`phi ${args.join(" ")} ended with ${code}: ${talk}`);
  return out;
}

/** Signs in through the development issuer, as a script does: the code from `phi login --json`, the yes by HTTP. */
export async function signIn(person: Person, login: string, broker: string, issuer: string): Promise<void> {
  await runPhi(person, ["login", "--broker", broker, "--json"], (line) => {
    const { userCode } = JSON.parse(line) as { userCode?: string };
    if (userCode === undefined) return;
    void fetch(`${issuer}/dev/approve`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ user_code: userCode, login }),
    });
  });
}
