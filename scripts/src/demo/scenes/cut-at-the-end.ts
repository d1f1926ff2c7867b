import { commandLine } from "../command-line.js";
import type { Stage } from "../stage.js";
import { textTable } from "../text-table.js";
import { SESSIONS } from "../witness.js";
import { showNothingLeft } from "./show-nothing-left.js";

/** Length of the short window. */
const WINDOW = "10s";
/** Sessions must be gone this soon after the end of the window, in milliseconds. */
const PROMISED_LAG = 1_000;

/** Chapter 6: two sessions are open when a short window ends; one of them phi did not even start. Gives the request's id. */
export async function cutAtTheEnd(stage: Stage): Promise<string> {
  const { transcript, promises, toolbox, witness, alice, bob } = stage;

  transcript.heading(`A window of ${WINDOW} ends while she is still working`);
  const asked = await alice.types([
    "phi",
    "request",
    "db-prod",
    "--role",
    "readwrite",
    "--for",
    WINDOW,
    "--reason",
    "INC-42: release the stuck orders",
  ]);
  const request = /\breq_[0-9a-z]{12}\b/.exec(asked.said)?.[0] ?? "";
  promises.same("she asks for readwrite", asked.code, 8);
  promises.same("bob agrees", (await bob.types(["phi", "approve", request, "--yes"])).code, 0);
  const write = await alice.types([
    "phi",
    "exec",
    "--",
    ...toolbox.sql("UPDATE orders SET status = 'paid' WHERE status = 'stuck'"),
  ]);
  promises.same("now the write is hers to make", write.code, 0);
  promises.same("and is made", await witness.value("SELECT count(*)::int FROM orders WHERE status = 'stuck'"), 0);

  transcript.remark(
    "Two long statements start. The first takes its credential from `phi env`, so no phi stands beside it to stop it:",
  );
  const script = `eval "$(phi env db-prod)" && ${commandLine(toolbox.sql("SELECT pg_sleep(60)"))}`;
  transcript.typed("alice, in a second terminal", script);
  const second = alice.starts(["sh", "-c", script], { background: true });
  const first = alice.starts(["phi", "exec", "--", ...toolbox.sql("SELECT pg_sleep(60)")]);
  transcript.typed("postgres=#", `${SESSIONS};`);
  const open = await waitFor(
    async () => (await witness.sessions()).length === 2 && (await witness.roles()).length === 2,
  );
  for (const line of open ? textTable(await witness.sessions()) : []) transcript.said(line);

  const gone = witness.nothingLeft(30_000);
  const cut = await first.ended;
  const lost = await second.ended;
  promises.holds(
    "both were live sessions of roles of their own",
    open,
    "they were not seen in pg_stat_activity and pg_roles",
  );
  promises.same("phi stopped the first command: exit 124, as timeout(1)", cut.code, 124);
  transcript.remark("In her second terminal it says:\n");
  for (const line of lost.said.split("\n")) transcript.said(line);
  promises.says("the broker ended that session on the server", lost.said, [
    /terminating connection|connection.*(lost|closed|terminated)/i,
  ]);

  const shown = await alice.quietly(["phi", "show", request, "--json"]);
  const { state, expiresAt } = JSON.parse(shown.said) as { state: string; expiresAt: string };
  const lag = ((await gone) ?? Number.POSITIVE_INFINITY) - Date.parse(expiresAt);
  const said = `sessions and roles were gone ${Math.max(0, Math.round(lag))} ms after the end of the window (promised: ${PROMISED_LAG})`;
  promises.holds(said, lag <= PROMISED_LAG, `it took ${lag} ms`);
  promises.same("and the request is over", state, "ended");
  await showNothingLeft(stage);
  return request;
}

async function waitFor(condition: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + 7_000;
  while (performance.now() < deadline) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
