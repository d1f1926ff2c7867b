import type { Stage } from "../stage.js";
import { moreTime } from "./more-time.js";
import { showNothingLeft } from "./show-nothing-left.js";

/** Chapters 4 and 5: a credential for one command at a time, for just the role; and giving access back early. */
export async function workAndEnd(stage: Stage, request: string): Promise<void> {
  const { transcript, promises, toolbox, witness, alice } = stage;

  transcript.heading("Alice works: the credential is made for one command and is gone after it");
  const read = await alice.types([
    "phi",
    "exec",
    "--",
    ...toolbox.sql("SELECT status, count(*) FROM orders GROUP BY status ORDER BY status"),
  ]);
  promises.same("the query ran, with its own exit code", read.code, 0);
  promises.says("on the real table", read.said, [/packed\s*\|\s*\d+/, /stuck\s*\|\s*4/]);
  const who = await alice.types(["phi", "exec", "--", ...toolbox.sql("SELECT current_user, current_database()")]);
  const role = /\bphi_[a-z0-9_]+/.exec(who.said)?.[0] ?? "";
  promises.holds(
    "as a role made for this command alone",
    who.code === 0 && role !== "",
    `exit ${who.code}, role ${role}`,
  );

  transcript.remark("Her role is readonly, so PostgreSQL itself refuses a write:");
  const write = await alice.types([
    "phi",
    "exec",
    "--",
    ...toolbox.sql("UPDATE orders SET status = 'paid' WHERE status = 'stuck'"),
  ]);
  promises.same("the write fails, and the client's own exit code comes through", write.code, 1);
  promises.says("because the role has no right to it", write.said, [/permission denied for table orders/]);
  promises.same(
    "no row has changed",
    await witness.value("SELECT count(*)::int FROM orders WHERE status = 'stuck'"),
    4,
  );
  await showNothingLeft(stage);

  await moreTime(stage, request);

  transcript.heading("She is done, and gives the access back");
  const ended = await alice.types(["phi", "end", request]);
  promises.same("the request is over at once, three quarters of an hour early", ended.code, 0);
  const late = await alice.types(["phi", "exec", "--", ...toolbox.sql("SELECT 1")]);
  promises.same("nothing runs under it any more", late.code, 125);
}
