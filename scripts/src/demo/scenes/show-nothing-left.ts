import type { Stage } from "../stage.js";
import { textTable } from "../text-table.js";
import { ROLES, SESSIONS } from "../witness.js";

/** The proof, on the server itself, as its superuser, past phi. */
export async function showNothingLeft({ transcript, promises, witness }: Stage): Promise<void> {
  const roles = await showAnswer(ROLES, witness.roles);
  const sessions = await showAnswer(SESSIONS, witness.sessions);
  promises.same(
    "no role and no session of phi's is left in PostgreSQL",
    { roles, sessions },
    { roles: [], sessions: [] },
  );

  async function showAnswer(sql: string, ask: () => Promise<Record<string, unknown>[]>) {
    transcript.typed("postgres=#", `${sql};`);
    const rows = await ask();
    for (const line of textTable(rows)) transcript.said(line);
    return rows;
  }
}
