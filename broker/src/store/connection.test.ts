import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Connection, openConnection } from "./connection.js";
import { sql } from "./sql.js";

let folder: string;
let connection: Connection;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "phi-connection-"));
  connection = openConnection(join(folder, "a.db"));
  for (const statement of [
    sql`pragma journal_mode = wal`,
    sql`pragma foreign_keys = on`,
    sql`create table parents (id integer primary key)`,
    sql`create table children (parent integer references parents deferrable initially deferred)`,
  ])
    connection.answer(statement);
});
afterEach(() => {
  connection.close();
  rmSync(folder, { recursive: true, force: true });
});

const parents = () => connection.rows(sql`select count(*) from parents`)[0]?.[0];
const add = () => connection.durably((transaction) => transaction.run(sql`insert into parents default values`));

describe("a transaction whose disk a thread waits for", () => {
  it("is what a read waits for that comes meanwhile, so that nobody sees what is not durable", async () => {
    const order: string[] = [];
    const committed = add().then(() => order.push("durable"));
    const read = connection.settled(() => order.push(`read ${parents()}`));
    expect(order).toEqual([]);
    await Promise.all([committed, read]);
    expect(order.toSorted()).toEqual(["durable", "read 1"]);
  });

  it("is one after the other, however many begin at once", async () => {
    await Promise.all(Array.from({ length: 50 }, add));
    expect(parents()).toBe(50);
  });

  it("is undone when it cannot be committed, and the next one is not", async () => {
    const orphan = connection.durably((transaction) => transaction.run(sql`insert into children values (7)`));
    const after = add();
    await expect(orphan).rejects.toMatchObject({ code: expect.stringContaining("SQLITE_CONSTRAINT") });
    await after;
    expect(connection.rows(sql`select count(*) from children`)).toEqual([[0]]);
    expect(parents()).toBe(1);
  });

  it("is undone when its work throws", async () => {
    const broken = connection.durably((transaction) => {
      transaction.run(sql`insert into parents default values`);
      throw new Error("changed its mind");
    });
    await expect(broken).rejects.toThrow("changed its mind");
    await add();
    expect(parents()).toBe(1);
  });
});
