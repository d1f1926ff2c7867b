import type { AuditEvent } from "@phi/shared/contract/audit-event";
import type { Invocation } from "../../invocation.js";
import { storyLines } from "../../terminal/audit-story.js";
import { say, writeData } from "../../terminal/output.js";
import { allEvents } from "./pages.js";

/** Longer stories are read with --json: more lines than anybody reads. */
const LONGEST = 5_000;

/** The whole story of one access, as people tell it. */
export async function tellStory(phi: Invocation, request: string, { utc }: { readonly utc: boolean }): Promise<number> {
  const broker = await phi.broker();
  const view = await broker.request(request);
  const events: AuditEvent[] = [];
  for await (const page of allEvents(broker, { request: view.request })) {
    events.push(...page);
    if (events.length > LONGEST) break;
  }
  for (const line of storyLines(view, events.slice(0, LONGEST), { utc, paint: phi.paint.data }))
    writeData(phi.terminal, line);
  if (events.length > LONGEST)
    say(
      phi.terminal,
      `Only the first ${LONGEST} events are told; all: ${phi.typed("audit", "--request", view.request, "--json")}`,
    );
  return 0;
}
