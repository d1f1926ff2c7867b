import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Environment, startEnvironment } from "./environment.js";

let environment: Environment;
beforeAll(async () => {
  environment = await startEnvironment();
});
afterAll(() => environment?.stop());

const discovery = async () => (await fetch(`${environment.broker.url}/.well-known/phi`)).json();

test("the broker names the development issuer", async () => {
  expect(await discovery()).toMatchObject({ issuer: { url: environment.issuer.url, clientId: "phi-cli" } });
});

test("the target's admin connection string is in no file, and the broker's directory is private", () => {
  const password = new URL(environment.orders.brokerUrl).password;
  for (const file of [environment.configFile, environment.brokerLog]) {
    expect(readFileSync(file, "utf8")).not.toContain(password);
    expect(statSync(file).mode & 0o077).toBe(0);
  }
  expect(statSync(dirname(environment.configFile)).mode & 0o077).toBe(0);
});

test("a broker that was killed with -9 comes back at the same address", async () => {
  const { url, pid, kill, exited } = environment.broker;
  await kill();
  expect(await exited).toBe(137);
  await expect(discovery()).rejects.toThrow();
  const broker = await environment.restartBroker();
  expect(broker.url).toBe(url);
  expect(broker.pid).not.toBe(pid);
  expect(await discovery()).toMatchObject({ name: "phi" });
});

test("what keeps a broker from starting is said with the broker's own words", async () => {
  await expect(environment.restartBroker()).rejects.toThrow(/The broker did not start.*\n.*phi-broker: \w+/s);
});
