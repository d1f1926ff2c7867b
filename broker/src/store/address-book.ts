import { and, desc, sql as drizzleSql, eq, gte, type SQL } from "drizzle-orm";
import type { AddressBook } from "../ports/address-book.js";
import { addresses } from "./schema/addresses.js";
import { insertIf, sql } from "./sql.js";
import type { Store } from "./store.js";
import { withWords } from "./with-words.js";

const AT_MOST = 100;

/** The address book on an open store. */
export function createAddressBook({ read, writer }: Pick<Store, "read" | "writer">): AddressBook {
  return withWords<AddressBook>({
    async keep({ issuer, subject, groups }, email, now) {
      const row = insertIf(addresses, { issuer, subject, email, groups: [...groups], seenAt: now }, sql`1`);
      await writer.write(
        [
          sql`${row} on conflict (issuer, subject) do update set email = excluded.email, groups = excluded.groups, seen_at = excluded.seen_at`,
        ],
        async () => true,
      );
    },

    async of({ issuer, subject }) {
      const [found] = await read
        .select({ email: addresses.email })
        .from(addresses)
        .where(and(eq(addresses.issuer, issuer), eq(addresses.subject, subject)));
      return found?.email;
    },

    async meantBy(selector, since) {
      const wanted = selector.slice(selector.indexOf(":") + 1);
      const meant: SQL = selector.startsWith("group:")
        ? drizzleSql`exists (select 1 from json_each(${addresses.groups}) where value = ${wanted})`
        : eq(addresses.subject, wanted);
      const found = await read
        .select({ email: addresses.email })
        .from(addresses)
        .where(and(gte(addresses.seenAt, since), meant))
        .orderBy(desc(addresses.seenAt))
        .limit(AT_MOST);
      return found.map(({ email }) => email);
    },
  });
}
