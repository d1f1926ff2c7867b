import type { Stage } from "../stage.js";

/** Half an hour will not do: more time is a request of its own, and bob answers it too. */
export async function moreTime(stage: Stage, request: string): Promise<void> {
  const { transcript, promises, alice, bob } = stage;

  transcript.heading("She needs longer, and asks for that too");
  const asked = await alice.types(["phi", "extend", "--for", "15m", "--reason", "INC-42: one table is left"]);
  promises.same("more time waits for its answer like any request (exit 8)", asked.code, 8);
  const extension = /\breq_[0-9a-z]{12}\b/.exec(asked.said.split("\n").slice(1).join("\n"))?.[0] ?? "";
  const shown = await bob.types(["phi", "show", extension]);
  promises.says("bob reads whose window it makes longer, and how long it would be in all", shown.said, [
    request,
    /15m more of db-prod as readonly/,
    /45m in all/,
  ]);
  promises.same("bob says yes", (await bob.types(["phi", "approve", extension, "--yes"])).code, 0);
  const status = await alice.types(["phi", "status"]);
  promises.says("and her window ends later", status.said, [new RegExp(`${request}.*\\b4[45]m left`)]);
}
