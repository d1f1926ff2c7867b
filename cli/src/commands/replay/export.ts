import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { PhiError } from "@phi/shared/errors";
import { printable } from "@phi/shared/text";
import type { Invocation } from "../../invocation.js";
import { createV2Writer } from "../../recording/cast-v2.js";
import type { OpenedRecording } from "../../recording/open-recording.js";
import { say } from "../../terminal/output.js";

/** Writes the asciicast as it was recorded: to a new file that only its owner may read, or to stdout (`-`). */
export async function writeCast(
  phi: Invocation,
  recording: OpenedRecording,
  { file, format }: { readonly file: string; readonly format: "v2" | "v3" },
): Promise<void> {
  const converter = format === "v2" ? createV2Writer() : undefined;
  const out = file === "-" ? phi.terminal.stdout : await openFile(file);
  for await (const line of recording.lines()) {
    const text = converter === undefined ? `${line}\n` : converter.line(line);
    if (!out.write(text)) await once(out, "drain");
  }
  if (file === "-") return;
  out.end();
  await once(out, "finish");
  say(phi.terminal, `${printable(file)} holds the recording of ${recording.session.session} (asciicast ${format}).`);
}

async function openFile(file: string): Promise<Writable> {
  const stream = createWriteStream(file, { flags: "wx", mode: 0o600 });
  try {
    await once(stream, "open");
    return stream;
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw new PhiError("local_state", `${printable(file)} ${exists ? "exists already" : "cannot be written"}.`, {
      hint: "name another file",
      cause: error,
    });
  }
}
