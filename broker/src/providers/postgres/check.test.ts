import { newId } from "@phi/shared/ids";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PostgresTarget, startPostgresTarget } from "./postgres-target.testing.js";
import { createPostgresProvider } from "./provider.js";
import { roleSchema } from "./role.js";

const never = new AbortController().signal;
const isSince16 = () => !/\/1[45]\//.test(process.env.PHI_POSTGRES_BIN ?? "");
let target: PostgresTarget;
beforeAll(async () => {
  target = await startPostgresTarget();
});
afterAll(() => target?.stop());

const find = async (memberOf = ["app_readonly"], config = target.config) => {
  const findings = await target.provider.check(config, [roleSchema.parse({ memberOf, setRole: true })], never);
  return findings.map(({ severity, message }) => `${severity}: ${message}`);
};

it("has nothing to say about the recommended setup", async () => {
  expect(await find()).toEqual([]);
});

it("finds groups that are missing, can log in, may not be handed out, or change the server", async () => {
  await target.root.query("CREATE ROLE walker LOGIN; GRANT walker TO phi_broker WITH ADMIN OPTION");
  await target.root.query("CREATE ROLE boss SUPERUSER; CREATE ROLE shell; GRANT pg_execute_server_program TO shell");
  await target.root.query("GRANT shell TO phi_broker WITH ADMIN OPTION");
  expect(await find(["no_such", "walker", "boss", "shell"])).toEqual([
    "error: there is no role no_such to be a member of",
    "warning: walker can log in by itself",
    "error: the broker may not hand out boss",
    "warning: boss can change the server itself",
    "warning: shell can change the server itself",
  ]);
});

it("finds what is wrong with the graveyard", async () => {
  const config = (graveyard: string) => ({ ...target.config, graveyard });
  expect(await find(["app_readonly"], config("nowhere"))).toEqual([
    "error: there is no role nowhere to take what leases leave behind",
  ]);
  await target.root.query("CREATE ROLE rich; GRANT SELECT ON orders TO rich; CREATE ROLE heir; GRANT rich TO heir");
  expect(await find(["app_readonly"], config("rich"))).toEqual([
    "error: the broker may not give things to rich",
    "error: rich has rights and must have none",
    "warning: others than the broker are members of rich",
  ]);
});

it("finds a broker that may not create roles, and one that may do everything", async () => {
  await target.root.query("ALTER ROLE phi_broker NOCREATEROLE");
  expect(await find()).toContain("error: phi_broker may not create roles");
  await target.root.query("ALTER ROLE phi_broker CREATEROLE");
  const url = new URL(target.postgres.adminUrl);
  expect(await find(["app_readonly"], target.configFor(url.href))).toContain("warning: postgres is a superuser");
});

it.runIf(isSince16())("finds keepers that others could use", async () => {
  const leaseId = newId("lease");
  const order = { config: target.config, role: target.role, leaseId, requestId: "req", principal: "a" };
  const handle = target.provider.plan("check", leaseId);
  const now = Date.now();
  await target.provider.issue({ ...order, createBy: now + 30_000, expiresAt: now + 60_000 }, handle, never);
  expect(await find()).toEqual([]);
  const { rows } = await target.root.query("SELECT rolname AS name FROM pg_roles WHERE rolname ~ '^phi_check_keeper'");
  const keeper = rows[0].name;
  await target.root.query(`CREATE ROLE intern; GRANT ${keeper} TO intern; ALTER ROLE ${keeper} LOGIN`);
  expect(await find()).toEqual([`error: ${keeper} can log in`, `error: others than the broker can use ${keeper}`]);
  await target.root.query(`REVOKE ${keeper} FROM intern; ALTER ROLE ${keeper} NOLOGIN`);
  await target.provider.revoke(target.config, [{ handle, createBy: now }], never);
});

it("finds clocks that differ, and says which way", async () => {
  const slow = createPostgresProvider({ now: () => Date.now() - 90_000 });
  const findings = await slow.check(target.config, [], never);
  expect(findings).toMatchObject([{ severity: "error", message: "its clock is 90 s ahead of the broker's" }]);
  const order = {
    ...{ config: target.config, role: target.role, leaseId: "lse_0000000000000000", requestId: "req", principal: "a" },
    ...{ createBy: Date.now() - 60_000, expiresAt: Date.now() + 60_000 },
  };
  await expect(slow.issue(order, slow.plan("check", order.leaseId), never)).rejects.toMatchObject({
    code: "target_refused",
    message: "PostgreSQL created nothing, because its clock is 90 seconds ahead of the broker's.",
    hint: expect.stringContaining("NTP"),
  });
  await slow.close();
});

it("names a wrong password without showing any", async () => {
  const config = target.configFor(target.postgres.url("phi_broker", "wr0ng-secret", "orders"));
  const [finding] = await find(["app_readonly"], config);
  expect(finding).toContain("password authentication failed");
  expect(finding).not.toContain("wr0ng-secret");
});
