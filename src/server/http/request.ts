import type { Context } from "hono";
import type { z } from "zod";
import { SmithersError } from "../../errors/index.ts";
import { plainIssues, summary } from "../../model/index.ts";
import { yieldToEventLoop } from "../../timing/index.ts";
import { parseJson } from "./json.ts";

/**
 * Checks a part of a request against its schema.
 * @param what name of the part for messages: `body`, `query`
 * @throws INVALID_REQUEST with the field
 */
export function check<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = plainIssues(parsed.error);
  const field = issues[0]?.path.join(".") || what;
  throw new SmithersError("INVALID_REQUEST", `Invalid ${what}: ${summary(issues)}.`, {
    details: { field, issues },
  });
}

/** Checks fields like {@link check}; they are not read when the schema has none. */
export function checkPart<S extends z.ZodObject>(schema: S, read: () => unknown, what: string): z.output<S> {
  const isEmpty = Object.keys(schema.shape).length === 0;
  return isEmpty ? ({} as z.output<S>) : check(schema, read(), what);
}

/** The headers that a schema names; an empty header counts as absent. */
export function headersOf(c: Context, schema: z.ZodObject): Record<string, string | undefined> {
  const names = Object.keys(schema.shape);
  return Object.fromEntries(names.map((name) => [name, c.req.header(name) || undefined]));
}

/**
 * Reads the request's body as JSON; an empty one is `{}`.
 * @throws INVALID_JSON, INVALID_REQUEST when it is nested too deep
 */
export async function readJsonBody(c: Context): Promise<unknown> {
  const bytes = await c.req.arrayBuffer();
  if (bytes.byteLength === 0) return {};
  const value = await parseJson(bytes);
  if (bytes.byteLength > longBody) await yieldToEventLoop();
  return value;
}

/** Bytes of a body after which other requests get a turn before it is worked on. */
const longBody = 65_536;

/**
 * Adds a `Link` header to the same request with other query parameters. The link is a path, because the server does not
 * know under which address it is reached; for an app that may be mounted anywhere, only the last part of the path.
 */
export function nextPage(c: Context, changed: Record<string, string | number>): void {
  const next = new URL(c.req.url);
  for (const [name, value] of Object.entries(changed)) next.searchParams.set(name, String(value));
  const path = c.get("relativeLinks") ? next.pathname.slice(next.pathname.lastIndexOf("/") + 1) : next.pathname;
  c.header("Link", `<${path}${next.search}>; rel="next"`);
}
