import type { Reminders } from "../ports/reminders.js";
import { insertEvent } from "./event-statements.js";
import { requestFromRow } from "./rows.js";
import { reminders } from "./schema/reminders.js";
import { requests } from "./schema/requests.js";
import { rowTo, select } from "./select.js";
import { insertIf, sql } from "./sql.js";
import type { Statement } from "./statement.js";
import type { Store } from "./store.js";
import { withWords } from "./with-words.js";

const AT_ONCE = 200;

/** Reminders on an open store. */
export function createReminders({ rows, writer }: Pick<Store, "rows" | "writer">): Reminders {
  const all = async (rest: Statement) =>
    (await rows(select(requests, rest))).map((row) => requestFromRow(rowTo(requests, row)));
  const notTold = (kind: string) =>
    sql`not exists (select 1 from ${reminders} where ${reminders.requestId} = ${requests.id} and ${reminders.kind} = ${kind})`;

  return withWords<Reminders>({
    // An active request is due when its window ends.
    expiring: (now, until, longerThan) =>
      all(
        sql`where ${requests.dueAt} > ${now} and ${requests.dueAt} <= ${until} and ${requests.state} = 'active' and ${requests.expiresAt} - ${requests.startedAt} > ${longerThan * 1_000}
          and ${notTold("request.expiring")} limit ${AT_ONCE}`,
      ),

    unanswered: (kind, askedBefore) =>
      all(
        sql`where ${requests.state} = 'pending' and ${requests.createdAt} <= ${askedBefore} and ${notTold(kind)} limit ${AT_ONCE}`,
      ),

    record(request, kind, entry) {
      const end = request.state === "active" ? request.expiresAt : null;
      const still = sql`exists (select 1 from ${requests} where ${requests.id} = ${request.id} and ${requests.state} = ${request.state}
        and (${requests.state} <> 'active' or ${requests.expiresAt} = ${end}))`;
      const told = sql`exists (select 1 from ${reminders} where ${reminders.event} = ${entry.id})`;
      const row = insertIf(reminders, { requestId: request.id, kind, event: entry.id }, still);
      return writer.write(
        [sql`${row} on conflict do nothing`, insertEvent(entry, told)],
        async () => (await rows(sql`select 1 from ${reminders} where ${reminders.event} = ${entry.id}`)).length > 0,
      );
    },
  });
}
