import { CHECKPOINT_HEADER } from "@phi/shared/audit/checkpoint-header";
import { PhiError } from "@phi/shared/errors";
import type { Context, Hono } from "hono";
import type * as z from "zod";
import type { Caller } from "../domain/caller.js";
import { limitBody } from "./limit-body.js";
import { inputError } from "./problem.js";

/** What a handler gets: everything parsed, the caller known. */
export interface Input<Body, Query> {
  readonly body: Body;
  readonly query: Query;
  /** A variable of the path; present because the path has it. */
  readonly param: (name: string) => string;
  readonly idempotencyKey: string | undefined;
}

/** One line of the API: parse, then one operation, then the reply. OpenAPI is made from the same table. */
export interface Route<Body = unknown, Query = unknown, Reply = unknown> {
  readonly method: "get" | "post" | "delete";
  readonly path: `/${string}`;
  readonly summary: string;
  readonly body?: z.ZodType<Body>;
  readonly query?: z.ZodType<Query>;
  /** Bytes; the usual limit otherwise. */
  readonly bodyLimit?: number;
  readonly status: 200 | 201 | 204;
  readonly reply?: z.ZodType<Reply>;
}

export interface PublicRoute<Body, Query, Reply> extends Route<Body, Query, Reply> {
  readonly access: "public";
  handle(input: Input<Body, Query>): Promise<Reply>;
}

export interface CallerRoute<Body, Query, Reply> extends Route<Body, Query, Reply> {
  readonly access: "signed_in";
  handle(caller: Caller, input: Input<Body, Query>): Promise<Reply>;
}

/** Any route of either access, its types forgotten: what a table of routes holds. */
export type AnyRoute = Route & {
  readonly access: "public" | "signed_in";
  /** `checkpoint` gives the newest signed checkpoint of the log, which every answer to a signed-in caller carries. */
  mount(app: Hono, authenticate: Authenticate, checkpoint: () => string | undefined): void;
};

export type Authenticate = (authorization: string | undefined) => Promise<Caller>;

/** Makes a route that anybody may call. */
export function publicRoute<Body, Query, Reply>(route: Omit<PublicRoute<Body, Query, Reply>, "access">): AnyRoute {
  return {
    ...(route as Route),
    access: "public",
    mount: (app) =>
      mount(
        app,
        route,
        (input) => route.handle(input),
        async () => undefined,
      ),
  };
}

/** Makes a route for signed-in callers: the caller is known before the body is looked at. */
export function callerRoute<Body, Query, Reply>(route: Omit<CallerRoute<Body, Query, Reply>, "access">): AnyRoute {
  return {
    ...(route as Route),
    access: "signed_in",
    mount: (app, authenticate, checkpoint) =>
      mount(
        app,
        route,
        (input, caller: Caller) => route.handle(caller, input),
        (context) => authenticate(context.req.header("authorization")),
        checkpoint,
      ),
  };
}

function mount<Body, Query, Reply, Who>(
  app: Hono,
  route: Route<Body, Query, Reply>,
  handle: (input: Input<Body, Query>, who: Who) => Promise<Reply>,
  identify: (context: Context) => Promise<Who>,
  checkpoint?: () => string | undefined,
): void {
  app.on(route.method.toUpperCase(), route.path, limitBody(route.bodyLimit), async (context) => {
    const who = await identify(context);
    // Before the answer is made, so that a refusal carries it too; and anew behind it, when it holds what this call did.
    show(context, checkpoint?.());
    const input: Input<Body, Query> = {
      body: route.body === undefined ? (undefined as Body) : parse(route.body, await readJson(context)),
      query: route.query === undefined ? (undefined as Query) : parse(route.query, readQuery(context)),
      param: (name) => context.req.param(name) ?? "",
      idempotencyKey: readIdempotencyKey(context),
    };
    const reply = await handle(input, who);
    show(context, checkpoint?.());
    return route.status === 204 ? context.body(null, 204) : context.json(reply as object, route.status);
  });
}

function show(context: Context, checkpoint: string | undefined): void {
  if (checkpoint !== undefined) context.header(CHECKPOINT_HEADER, Buffer.from(checkpoint).toString("base64url"));
}

function parse<Value>(schema: z.ZodType<Value>, input: unknown): Value {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw inputError(parsed.error);
  return parsed.data;
}

/** An empty body counts as `{}`, so that orders of which every field is optional need none. */
async function readJson(context: Context): Promise<unknown> {
  const text = await context.req.text();
  if (text === "") return {};
  if (!/^application\/json\b/i.test(context.req.header("content-type") ?? "")) {
    throw new PhiError("unsupported_media_type", "The body must have the content type application/json.");
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new PhiError("invalid_input", "The body is not JSON.");
  }
}

/** A repeated parameter is refused: which of them is meant could only be guessed. */
export function readQuery(context: Context): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [key, values] of Object.entries(context.req.queries())) {
    const [value, another] = values;
    if (another !== undefined) throw new PhiError("invalid_input", "A parameter of the address is given twice.");
    if (value !== undefined) query[key] = value;
  }
  return query;
}

function readIdempotencyKey(context: Context): string | undefined {
  const key = context.req.header("idempotency-key");
  if (key !== undefined && !/^[\x21-\x7e]{1,128}$/.test(key)) {
    throw new PhiError("invalid_input", "Idempotency-Key must be 1 to 128 printable ASCII characters.");
  }
  return key;
}
