import type { CalendarCopies } from "../ports/calendars.js";
import { calendarCopies } from "./schema/calendar-copies.js";
import { rowTo, select } from "./select.js";
import { insertIf, sql } from "./sql.js";
import type { Store } from "./store.js";
import { withWords } from "./with-words.js";

/** Copies of calendars on an open store. */
export function createCalendarCopies({ rows, writer }: Pick<Store, "rows" | "writer">): CalendarCopies {
  return withWords<CalendarCopies>({
    async keep({ name, mark, text, readAt }) {
      const made = insertIf(calendarCopies, { name, source: mark, content: text, readAt }, sql`1`);
      const taken = sql`on conflict (name) do update set source = excluded.source, content = excluded.content, read_at = excluded.read_at
        where excluded.read_at >= read_at or excluded.source <> source`;
      await writer.write([sql`${made} ${taken}`], async () => true);
    },
    async last(name, mark) {
      const [row] = await rows(
        select(calendarCopies, sql`where ${calendarCopies.name} = ${name} and ${calendarCopies.source} = ${mark}`),
      );
      if (row === undefined) return undefined;
      const { content, readAt } = rowTo(calendarCopies, row);
      return { name, mark, text: content, readAt };
    },
  });
}
