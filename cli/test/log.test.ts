import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Environment, startEnvironment } from "@phi/scripts/environment/environment";
import { checkpointText, parseCheckpoint } from "@phi/shared/audit/checkpoint";
import { parseLogKey, signText } from "@phi/shared/audit/log-key";
import { formatNote } from "@phi/shared/audit/signed-note";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPerson, type Person } from "./person.testing.js";

const BROKER = fileURLToPath(new URL("../../broker/bin/phi-broker.js", import.meta.url));
const PYTHON = fileURLToPath(new URL("./verify_log.py", import.meta.url));
const hasPython = spawnSync("python3", ["--version"]).status === 0;
if (!hasPython) process.stdout.write("python3 is missing: the independent verifier does not run\n");

let place: Environment;
let alice: Person;
let bob: Person;
let carol: Person;
let request: string;
let key: string;

beforeAll(async () => {
  place = await startEnvironment();
  [alice, bob, carol] = ["alice", "bob", "carol"].map(createPerson) as [Person, Person, Person];
  for (const person of [alice, bob, carol]) await person.signIn(place);
  request = (
    await alice.phi(["request", "db-prod", "--role", "readonly", "--for", "10m", "-m", "INC-7 é"])
  ).stdout.trim();
  await bob.phi(["approve", request, "--yes", "-m", "go on"]);
  expect((await alice.phi(["exec", "--", "true"])).code).toBe(0);
  await alice.phi(["end", request]);
  key = operator("audit", "key").trim();
});
afterAll(async () => {
  for (const person of [alice, bob, carol]) await person?.leave();
  await place?.stop();
});

const operator = (...args: string[]) =>
  execFileSync(process.execPath, [BROKER, ...args, "--config", place.configFile], { encoding: "utf8" });
const python = (file: string) => spawnSync("python3", [PYTHON, key, file], { encoding: "utf8" });
const witnessFile = (person: Person) =>
  join(person.home, "state", "phi", "witness", `${new URL(place.broker.url).host.replace(":", "_")}.json`);
const shownFile = (person: Person) => witnessFile(person).replace(/json$/, "shown");
const shownTo = (person: Person) =>
  (existsSync(shownFile(person)) ? readFileSync(shownFile(person), "utf8") : "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Buffer.from(line, "base64url").toString("utf8"));
/** A checkpoint of another past, signed with the log's own key, as the header has it. */
function fork(): string {
  const folder = dirname(place.configFile);
  const log = parseLogKey(key);
  if (log === undefined) throw new Error("there is no key");
  const text = checkpointText({ origin: log.name, size: 5, root: Buffer.alloc(32, 7) });
  const signature = signText(text, createPrivateKey(readFileSync(join(folder, "phi.db.log-key"), "utf8")));
  return Buffer.from(formatNote({ text, signatures: [{ ...log, signature }] })).toString("base64url");
}
const evidence = (person: Person) => {
  const folder = join(person.home, "state", "phi", "evidence");
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
};

describe("the signed log", () => {
  test("verifies online for an auditor, and for others what they may see", async () => {
    const whole = await carol.phi(["audit", "verify"]);
    expect([whole.code, whole.stdout]).toEqual([
      0,
      expect.stringMatching(/^ok: \d+ events are those that were signed/),
    ]);
    const own = await alice.phi(["audit", "verify"]);
    expect([own.code, own.stdout]).toEqual([0, expect.stringContaining("your newest")]);
    expect(operator("audit", "verify")).toMatch(/^ok: /);
  });

  test("verifies offline on an export, here and by the independent verifier; each edited line is named", async () => {
    const file = join(carol.home, "all.jsonl");
    expect((await carol.phi(["audit", "export", "-o", file])).code).toBe(0);
    const verify = (which: string) => alice.phi(["audit", "verify", "--offline", which, "--key", key]);
    expect(await verify(file)).toMatchObject({ code: 0 });
    if (hasPython) expect(python(file)).toMatchObject({ status: 0 });
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    const at = lines.findIndex((line) => line.includes("INC-7"));
    const edits: [string[], string][] = [
      [withLine(lines, at, (lines[at] ?? "").replace("INC-7", "INC-8")), `vent ${at} `],
      [withLine(lines, at, (lines[at] ?? "").replace("alice", "mallory")), `vent ${at} `],
      [[...lines.slice(0, at), ...lines.slice(at + 1)], `vent ${at} `],
      [[...lines.slice(0, at), lines[at + 1] ?? "", lines[at] ?? "", ...lines.slice(at + 2)], `vent ${at} `],
      [lines.slice(0, 4), "vent"],
    ];
    for (const [edited, words] of edits) {
      const copy = join(carol.home, "edited.jsonl");
      writeFileSync(copy, `${edited.join("\n")}\n`);
      const said = await verify(copy);
      expect([said.code, said.stdout]).toEqual([1, ""]);
      expect(said.stderr).toContain(words);
      if (hasPython) expect(python(copy).status).toBe(1);
    }
  });

  test("one event is proven by a file that stands alone", async () => {
    const [event] = (await alice.phi(["audit", "--json", "--request", request])).stdout
      .split("\n")
      .map((line) => JSON.parse(line || "{}") as { event?: string });
    const file = join(alice.home, "one.tlog-proof");
    expect(await alice.phi(["audit", "prove", event?.event ?? "", "-o", file])).toMatchObject({ code: 0 });
    const said = await bob.phi(["audit", "verify", "--offline", file, "--key", key]);
    expect([said.code, said.stdout]).toEqual([0, expect.stringContaining(event?.event ?? "")]);
    if (hasPython) expect(python(file)).toMatchObject({ status: 0 });
    const strange = await bob.phi(["audit", "prove", event?.event ?? ""]);
    expect(strange.code, "what is not mine to see").toBe(1);
  });

  test("verifies as before when what people typed is erased, everywhere in the ledger", async () => {
    operator("audit", "erase", request, "--reason", "a name in it");
    expect((await carol.phi(["audit", "verify"])).code).toBe(0);
    expect(operator("audit", "verify")).toMatch(/^ok: /);
    const story = (await carol.phi(["audit", "--json", "--request", request])).stdout;
    expect(story).not.toContain("INC-7");
    expect(story).toContain("log.erased");
    expect((await alice.phi(["show", request])).stdout).not.toContain("INC-7");
  });

  test("a new key is followed through the log and said", async () => {
    await alice.phi(["status"]);
    operator("audit", "rotate-key");
    const said = await alice.phi(["status"]);
    expect(said.code).toBe(0);
    expect(said.stderr).toContain("The audit log has a new key");
    key = operator("audit", "key").trim();
    expect(JSON.parse(readFileSync(witnessFile(alice), "utf8"))).toMatchObject({ key });
    expect((await carol.phi(["audit", "verify"])).code).toBe(0);
  });

  test("what was shown under the key before, and is looked at after the new one was followed, is no alarm; another past under it is", async () => {
    const { checkpoint = "" } = JSON.parse(readFileSync(witnessFile(alice), "utf8")) as { checkpoint?: string };
    operator("audit", "rotate-key");
    expect((await alice.phi(["status"])).code).toBe(0);
    key = operator("audit", "key").trim();
    const show = (note: string) =>
      writeFileSync(shownFile(alice), `${Buffer.from(note).toString("base64url")}\n`, { mode: 0o600 });
    show(checkpoint);
    expect(await alice.phi(["status"])).toMatchObject({ code: 0 });
    const [, size = "", root = ""] = checkpoint.split("\n");
    show(checkpoint.replace(`${size}\n${root}`, `${size}\n${Buffer.alloc(32, 7).toString("base64")}`));
    const lied = await alice.phi(["status"]);
    expect(lied.code).toBe(1);
    expect(lied.stderr).toContain("is signed with a key that nothing known leads to");
    for (const file of evidence(alice)) rmSync(file);
    const folder = dirname(shownFile(alice));
    for (const name of readdirSync(folder).filter((one) => one.includes(".shown"))) rmSync(join(folder, name));
  });
});

describe("a witness", () => {
  test("takes another log of the same length, or one of another key, for an error, and keeps the evidence", async () => {
    await bob.phi(["status"]);
    const kept = readFileSync(witnessFile(bob), "utf8");
    const { checkpoint } = JSON.parse(kept) as { checkpoint: string };
    const [origin = "", size = "", root = ""] = checkpoint.split("\n");
    const forged = checkpoint.replace(
      `${origin}\n${size}\n${root}`,
      `${origin}\n${size}\n${Buffer.alloc(32, 7).toString("base64")}`,
    );
    writeFileSync(witnessFile(bob), JSON.stringify({ key, checkpoint: forged }), { mode: 0o600 });
    const fork = await bob.phi(["resources"]);
    expect(fork.code).toBe(1);
    expect(fork.stderr).toContain("is not the one this machine saw");
    const [file = ""] = evidence(bob);
    expect(fork.stderr).toContain(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const other = key.replace(/^[^+]*/, "phi.audit/zzzzzz");
    writeFileSync(witnessFile(bob), JSON.stringify({ key: other }), { mode: 0o600 });
    expect((await bob.phi(["resources"])).code).toBe(1);
    writeFileSync(witnessFile(bob), kept, { mode: 0o600 });
    expect((await bob.phi(["resources"])).code).toBe(0);
  });

  test("keeps what a quick command was shown, and the next command holds the log to it", async () => {
    const other = (await alice.phi(["request", "db-prod", "--role", "readonly", "--for", "10m", "-m", "INC-8"])).stdout;
    await bob.phi(["approve", other.trim(), "--yes", "-m", "go on"]);
    await alice.phi(["status"]);
    expect(shownTo(alice)).toEqual([]);
    expect((await alice.phi(["exec", "--", "true"])).code).toBe(0);
    const [first = "", ...more] = shownTo(alice);
    expect(parseCheckpoint(first)?.origin).toBe(parseLogKey(key)?.name);
    expect(more).toHaveLength(1);
    expect(statSync(shownFile(alice)).mode & 0o777).toBe(0o600);
    expect((await alice.phi(["status"])).code).toBe(0);
    expect(shownTo(alice)).toEqual([]);
    // Torn by a crash: no line of it ever came to be.
    writeFileSync(shownFile(alice), "cGhpLmF1ZGl0", { mode: 0o600 });
    expect((await alice.phi(["status"])).code).toBe(0);
  });

  test("takes another past that only a quick command was shown for an error, until it is told to trust", async () => {
    writeFileSync(shownFile(alice), `${fork()}\n`, { mode: 0o600 });
    const before = evidence(alice).length;
    const said = await alice.phi(["resources"]);
    expect(said.code).toBe(1);
    expect(said.stderr).toContain("is not the one this machine saw");
    expect(evidence(alice)).toHaveLength(before + 1);
    expect((await alice.phi(["resources"])).code, "not only once").toBe(1);
    expect((await alice.phi(["audit", "trust", key])).code).toBe(0);
    expect((await alice.phi(["resources"])).code).toBe(0);
  });

  test("of quick commands alone does not wait for ever: one of them holds the log to it when its own work is over", async () => {
    const line = fork();
    writeFileSync(shownFile(alice), `${line}\n`.repeat(Math.ceil(17_000 / line.length)), { mode: 0o600 });
    const said = await alice.phi(["exec", "--", "echo", "worked"]);
    expect([said.code, said.stdout]).toEqual([1, "worked\n"]);
    expect(said.stderr).toContain("is not the one this machine saw");
    expect((await alice.phi(["audit", "trust", key])).code).toBe(0);
  });

  test("is one too when it is told no", async () => {
    await alice.phi(["status"]);
    const kept = readFileSync(witnessFile(alice), "utf8");
    const { checkpoint } = JSON.parse(kept) as { checkpoint: string };
    const [, , root = ""] = checkpoint.split("\n");
    const forged = checkpoint.replace(root, Buffer.alloc(32, 7).toString("base64"));
    writeFileSync(witnessFile(alice), JSON.stringify({ key, checkpoint: forged }), { mode: 0o600 });
    const said = await alice.phi(["show", "req_000000000000"]);
    expect(said.code).toBe(1);
    expect(said.stderr).toMatch(/no request[\s\S]*is not the one this machine saw/i);
    writeFileSync(witnessFile(alice), kept, { mode: 0o600 });
  });

  test("notices a ledger that was put back to an older day although the broker's own memory was put back too, and accepts it only when told", async () => {
    const folder = dirname(place.configFile);
    const names = ["phi.db", "phi.db-wal", "phi.db.log-key.head"];
    await place.broker.stop();
    for (const name of names)
      if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(folder, `old-${name}`));
    await place.restartBroker();
    expect((await alice.phi(["status"])).code).toBe(0);
    await place.broker.stop();
    for (const name of [...names, "phi.db-shm"]) rmSync(join(folder, name), { force: true });
    for (const name of names)
      if (existsSync(join(folder, `old-${name}`))) copyFileSync(join(folder, `old-${name}`), join(folder, name));
    await place.restartBroker();
    const said = await alice.phi(["status"]);
    expect(said.code).toBe(1);
    expect(said.stderr).toMatch(/is not the one this machine saw|does not prove its audit log/);
    expect(evidence(alice)).not.toEqual([]);
    expect((await alice.phi(["status"])).code, "not only once").toBe(1);
    const trusted = await alice.phi(["audit", "trust", key]);
    expect([trusted.code, trusted.stderr]).toEqual([0, ""]);
    expect((await alice.phi(["status"])).code).toBe(0);
  });
});

const withLine = (lines: readonly string[], at: number, line: string) =>
  lines.map((one, index) => (index === at ? line : one));
