import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { PhiError } from "@phi/shared/errors";
import { createGuardedCall } from "../network/guarded-call.js";
import type { CalendarOrder, CalendarSource } from "../ports/calendars.js";
import { createReadCalendar } from "./read-icalendar.js";

/** Bytes of a calendar. */
const LARGEST = 1_048_576;
/** A file is looked at so often, in ms, however seldom an address is read. */
const LOOK_AT_FILE = 2_000;
/** One fetch, in ms. */
const WITHIN = 10_000;

/** A calendar from a file, or from an address by the rules of {@link createGuardedCall}. */
export function createCalendarSource(order: CalendarOrder): CalendarSource {
  const { name, from, every, maxAge, timeZone } = order;
  const guarded = createGuardedCall({ allowPrivate: "url" in from && from.allowPrivate });
  const address = "file" in from ? from.file : from.url.reveal();
  return {
    name,
    where: "file" in from ? `the file ${basename(from.file)}` : new URL(address).host,
    mark: createHash("sha256").update(address).digest("hex"),
    every: "file" in from ? LOOK_AT_FILE : every,
    maxAge,
    read: createReadCalendar(order, timeZone),
    fetch: (signal) => ("file" in from ? readFile(from.file) : fetchFrom(address, signal)),
    close: () => guarded.close(),
  };

  async function fetchFrom(url: string, signal: AbortSignal): Promise<string> {
    const headers = { accept: "text/calendar" };
    const answer = await guarded.call({ method: "GET", url, headers, within: WITHIN, largest: LARGEST }, signal);
    if (answer.outcome === "no_answer") throw gone(answer.message);
    if (answer.status !== 200) throw gone(`it answers ${answer.status} where 200 was expected`);
    if (answer.isCut) throw gone(`it is larger than ${LARGEST} bytes`);
    return answer.text;
  }
}

async function readFile(path: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size > LARGEST) throw gone(`it is larger than ${LARGEST} bytes`);
      const { bytesRead, buffer } = await file.read(Buffer.alloc(size), 0, size, 0);
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof PhiError) throw error;
    throw gone(
      (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : "the file cannot be read",
    );
  }
}

function gone(because: string): PhiError {
  return new PhiError("target_unavailable", because);
}
