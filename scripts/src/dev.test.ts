import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterEach, expect, test, vi } from "vitest";

/** These run the built `scripts/dev` as a process: what is promised is about processes. */
const PROGRAM = fileURLToPath(new URL("../dist/dev.js", import.meta.url));

const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.splice(0).reverse()) step();
});

interface Line {
  readonly broker: string;
  readonly issuer: string;
  readonly postgres: string;
  readonly people: { login: string; groups: string[] }[];
  readonly stateDir: string;
}

async function dev(...flags: string[]): Promise<{ process: ChildProcess; line: Line }> {
  const child = spawn(process.execPath, [PROGRAM, "--json", ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  cleanUp.push(() => void child.kill("SIGKILL"));
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  const lines = chunk.toString().split("\n");
  expect(lines).toHaveLength(2);
  return { process: child, line: JSON.parse(lines[0] ?? "") as Line };
}

/** By the address that each of the three listens on. */
async function stillUp({ broker, issuer, postgres }: Line): Promise<string[]> {
  const up: string[] = [];
  for (const [name, url] of Object.entries({ broker: `${broker}/healthz`, issuer: `${issuer}/jwks` })) {
    await fetch(url).then(
      () => up.push(name),
      () => {},
    );
  }
  await ask(postgres, "SELECT 1").then(
    () => up.push("postgres"),
    () => {},
  );
  return up;
}

async function ask(connectionString: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function signIn({ broker, issuer }: Line, login: string): Promise<string> {
  const post = async (url: string, body: URLSearchParams | Record<string, string>) => {
    const isForm = body instanceof URLSearchParams;
    const headers = isForm ? {} : { "content-type": "application/json" };
    const response = await fetch(url, { method: "POST", headers, body: isForm ? body : JSON.stringify(body) });
    expect(response.ok, `${url} ${response.status}`).toBe(true);
    return (await response.json()) as Record<string, string>;
  };
  const scope = "openid profile email groups";
  const device = await post(`${issuer}/device/auth`, new URLSearchParams({ client_id: "phi-cli", scope }));
  await post(`${issuer}/dev/approve`, { user_code: device.user_code ?? "", login });
  const tokens = await post(
    `${issuer}/token`,
    new URLSearchParams({
      client_id: "phi-cli",
      device_code: device.device_code ?? "",
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    }),
  );
  return (await post(`${broker}/v1/sign-ins`, { idToken: tokens.id_token ?? "" })).token ?? "";
}

test("says in one line where everything is, and SIGTERM leaves nothing of it", async () => {
  const { process: child, line } = await dev();
  expect(Object.keys(line)).toEqual(["broker", "issuer", "postgres", "people", "stateDir"]);
  expect(line.people).toEqual([
    { login: "alice", groups: ["engineering"] },
    { login: "bob", groups: ["engineering", "db-leads"] },
    { login: "carol", groups: ["security", "auditor"] },
    { login: "dave", groups: ["phi-admins"] },
  ]);
  expect(await stillUp(line)).toEqual(["broker", "issuer", "postgres"]);
  expect(await ask(line.postgres, "SELECT count(*)::int AS orders FROM orders")).toEqual([{ orders: 48 }]);

  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(await stillUp(line)).toEqual([]);
  expect(existsSync(line.stateDir)).toBe(false);
});

test("killed with -9 it leaves no process and no directory either", async () => {
  const { process: child, line } = await dev();
  child.kill("SIGKILL");
  await vi.waitUntil(async () => (await stillUp(line)).length === 0 && !existsSync(line.stateDir), {
    timeout: 15_000,
    interval: 200,
  });
});

test("with --state a sign-in, the addresses and the rows survive a restart; a second one on it is refused", async () => {
  const folder = mkdtempSync(join(tmpdir(), "phi-dev-test-"));
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
  const first = await dev("--state", join(folder, "state"));
  const token = await signIn(first.line, "alice");
  await ask(first.line.postgres, "UPDATE orders SET quantity = 99 WHERE id = 1");

  const second = spawn(process.execPath, [PROGRAM, "--state", join(folder, "state")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [refusal] = (await once(second.stderr, "data")) as [Buffer];
  expect(refusal.toString()).toContain("Is the environment running there already?");
  expect(await once(second, "exit")).toEqual([1, null]);

  first.process.kill("SIGTERM");
  await once(first.process, "exit");
  const { process: child, line } = await dev("--state", join(folder, "state"));
  expect({ ...line, postgres: "" }).toEqual({ ...first.line, postgres: "" });
  const me = await fetch(`${line.broker}/v1/me`, { headers: { authorization: `Bearer ${token}` } });
  expect(((await me.json()) as { principal: { name: string } }).principal.name).toBe("alice");
  expect(await ask(line.postgres, "SELECT quantity FROM orders WHERE id = 1")).toEqual([{ quantity: 99 }]);
  child.kill("SIGTERM");
  await once(child, "exit");
});

test.each([
  [["--port", "0"], "--port 0 is not a port"],
  [["--port", "x"], "--port x is not a port"],
  [["--nonsense"], "Unknown option '--nonsense'"],
  [["--state", ""], "--state needs a directory"],
])("%j is refused in words", async (flags, words) => {
  const child = spawn(process.execPath, [PROGRAM, ...flags], { stdio: ["ignore", "ignore", "pipe"] });
  const [said] = (await once(child.stderr, "data")) as [Buffer];
  expect(said.toString()).toContain(words);
  expect(await once(child, "exit")).toEqual([2, null]);
});
