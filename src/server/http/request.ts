import type { Context } from "hono";
import type { z } from "zod";
import { SmithersError } from "../../errors/index.ts";
import { plainIssues, summary } from "../../model/index.ts";
import { parseJson } from "./json.ts";

/**
 * A part of a request, checked by its schema.
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

/** The headers that a schema names; an empty one counts as absent. */
export function headersOf(c: Context, schema: z.ZodObject): Record<string, string | undefined> {
  const names = Object.keys(schema.shape);
  return Object.fromEntries(names.map((name) => [name, c.req.header(name) || undefined]));
}

/**
 * The request's body; an empty one is `{}`.
 * @throws INVALID_JSON, INVALID_REQUEST when it nests too deep
 */
export async function readJsonBody(c: Context): Promise<unknown> {
  const bytes = await c.req.arrayBuffer();
  return bytes.byteLength === 0 ? {} : parseJson(bytes);
}

/**
 * The same request with other query parameters, for a `Link` header. A path, because what is before it depends on how
 * the server is reached; only the path's last part where the app itself may be mounted anywhere.
 */
export function nextPage(c: Context, changed: Record<string, string | number>): void {
  const next = new URL(c.req.url);
  for (const [name, value] of Object.entries(changed)) next.searchParams.set(name, String(value));
  const path = c.get("relativeLinks") ? next.pathname.slice(next.pathname.lastIndexOf("/") + 1) : next.pathname;
  c.header("Link", `<${path}${next.search}>; rel="next"`);
}
