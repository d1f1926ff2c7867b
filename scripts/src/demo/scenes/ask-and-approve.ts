import type { Stage } from "../stage.js";
import { signIn } from "./sign-in.js";

/** Chapters 1 to 3: nobody has standing access; alice asks, bob answers. Gives the id of the request. */
export async function askAndApprove(stage: Stage): Promise<string> {
  const { transcript, promises, toolbox, alice, bob } = stage;

  transcript.heading("Alice, an engineer, signs in and sees what she may ask for");
  await signIn(stage, alice);
  const resources = await alice.types(["phi", "resources"]);
  promises.same("listing works", resources.code, 0);
  promises.says("role, longest duration and who answers are listed", resources.said, [
    "db-prod",
    /readonly\W.*4h.*db-leads/,
    /readwrite\W.*1h.*db-leads/,
  ]);

  transcript.heading("She has no access until she asks and somebody else says yes");
  const early = await alice.types(["phi", "exec", "--", ...toolbox.sql("SELECT 1")]);
  promises.same(
    "nothing runs without an approved request (exit 125: phi failed before the command ran)",
    early.code,
    125,
  );
  const asked = await alice.types([
    "phi",
    "request",
    "db-prod",
    "--role",
    "readonly",
    "--for",
    "30m",
    "--reason",
    "INC-42: stuck orders",
  ]);
  promises.same("the request is on record and pending (exit 8)", asked.code, 8);
  const request = /\breq_[0-9a-z]{12}\b/.exec(asked.said)?.[0] ?? "";
  promises.holds("it has an id to talk about", request !== "", "no id was said");
  const own = await alice.types(["phi", "approve", request, "--yes"]);
  promises.same("nobody approves their own request (exit 5)", own.code, 5);

  transcript.heading("Bob, a lead, answers");
  await signIn(stage, bob);
  const waiting = await bob.types(["phi", "requests", "--to-approve"]);
  promises.says("he sees who wants what, for how long", waiting.said, [request, "alice", "readonly", "30m"]);
  const shown = await bob.types(["phi", "show", request]);
  promises.says("and why", shown.said, ["INC-42: stuck orders"]);
  const approved = await bob.types(["phi", "approve", request, "--yes"]);
  promises.same("bob's yes is accepted", approved.code, 0);
  const again = await bob.types(["phi", "approve", request, "--yes"]);
  promises.same("a request is decided once (exit 1)", again.code, 1);
  return request;
}
