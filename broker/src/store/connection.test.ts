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
afterEach(async () => {
  await connection.close();
  rmSync(folder, { recursive: true, force: true });
});

const parents = () => connection.rows(sql`select count(*) from parents`)[0]?.[0];
const add = () => connection.durably((transaction) => transaction.run(sql`insert into parents default values`));

describe("a transaction whose disk a thread waits for", () => {
  it("is seen through another connection when it is committed, and not before", async () => {
    const other = openConnection(join(folder, "a.db"));
    const seen = () => other.rows(sql`select count(*) from parents`)[0]?.[0];
    await connection.durably((transaction) => {
      transaction.run(sql`insert into parents default values`);
      expect([parents(), seen()]).toEqual([1, 0]);
    });
    expect(seen()).toBe(1);
    await other.close();
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

describe("several questions together", () => {
  it("are answered as of one instant, whatever is committed between them", async () => {
    const other = openConnection(join(folder, "a.db"));
    const count = sql`select count(*) from parents`;
    const slow = sql`with recursive n (i) as (select 1 union all select i + 1 from n where i < 100000) select max(i) from n`;
    for (let round = 0; round < 10; round++) {
      const committed = add();
      const [before, , after] = other.together([count, slow, count]);
      expect(after).toEqual(before);
      await committed;
      expect(other.together([count])).toEqual([[[round + 1]]]);
    }
    await other.close();
  });
});
