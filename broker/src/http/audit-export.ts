import { auditExport, type ExportFormat } from "@phi/shared/contract/audit-event";
import { PhiError } from "@phi/shared/errors";
import type { Hono } from "hono";
import type { ExportPiece } from "../ports/audit-log.js";
import type { Broker } from "./app.js";
import { inputError, toProblem } from "./problem.js";
import { readQuery } from "./route.js";

/** Each reads the whole log: more at once would only slow each other down. */
const MOST_EXPORTS = 4;
/** How often it is looked at, in ms, whether the reader is still signed in. */
const LOOK_EVERY = 1_000;

const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  jsonl: "application/jsonl",
  csv: "text/csv; charset=utf-8; header=present",
  ocsf: "application/jsonl",
  cloudevents: "application/cloudevents+jsonl",
};

/**
 * `GET /v1/audit/export`: a stream of lines, made as fast as the reader takes them. It is whole if it ends; whatever stops it before (the
 * sign-in's end too) breaks the connection, so that half of it is never taken for all of it.
 */
export function mountAuditExport(app: Hono, broker: Broker): void {
  let open = 0;
  app.get("/v1/audit/export", async (context) => {
    const authorization = context.req.header("authorization");
    const caller = await broker.authenticate(authorization);
    const asked = auditExport.safeParse(readQuery(context));
    if (!asked.success) throw inputError(asked.error);
    if (open >= MOST_EXPORTS)
      throw new PhiError("too_many_requests", "Too many exports run at once.", { hint: "Try again in a minute." });
    open += 1;
    const pieces = await broker.exportAudit(caller, asked.data).catch((error: unknown) => {
      open -= 1;
      throw error;
    });
    let allowedAt = broker.clock.now();
    const bytes = whileAllowed(pieces, async () => {
      if (broker.clock.now() - allowedAt < LOOK_EVERY) return;
      await broker.authenticate(authorization);
      allowedAt = broker.clock.now();
    });
    const done = () => {
      open -= 1;
    };
    return context.body(
      readable(bytes, done, (error) => toProblem(error, broker.log)),
      200,
      {
        "content-type": CONTENT_TYPES[asked.data.format],
      },
    );
  });
}

async function* whileAllowed(
  pieces: AsyncGenerator<ExportPiece>,
  mayGoOn: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  for await (const { bytes } of pieces) {
    yield bytes;
    await mayGoOn();
  }
}

/** Asked for more only when the reader has taken what there was. */
function readable(
  bytes: AsyncGenerator<Uint8Array>,
  done: () => void,
  report: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const next = await bytes.next();
          if (next.done !== true) return controller.enqueue(next.value);
          controller.close();
        } catch (error) {
          report(error);
          controller.error(error);
        }
        done();
      },
      async cancel() {
        done();
        await bytes.return(undefined);
      },
    },
    { highWaterMark: 1 },
  );
}
