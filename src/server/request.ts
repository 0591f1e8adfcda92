import { createHash } from "node:crypto";
import type { Context } from "hono";
import { z } from "zod";
import { SmithersError } from "../errors/index.ts";
import { maxJsonDepth, nestsDeeperThan, plainIssues, runIdSchema, summary } from "../model/index.ts";
import type { Idempotency } from "../store/index.ts";

/**
 * The request's JSON body, checked by `schema`; an empty body is `{}`.
 * @throws INVALID_JSON, INVALID_REQUEST with the field
 */
export async function readBody<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  const bytes = await c.req.arrayBuffer();
  return check(schema, bytes.byteLength === 0 ? {} : parseJson(bytes), "body");
}

/** @throws INVALID_REQUEST with the field */
export function readQuery<S extends z.ZodType>(c: Context, schema: S): z.output<S> {
  return check(schema, c.req.query(), "query");
}

/** @throws INVALID_REQUEST */
export function readRunId(c: Context): string {
  const runId = c.req.param("runId") ?? "";
  // An id that no run can have names no run.
  if (!runIdSchema.safeParse(runId).success) throw new SmithersError("RUN_NOT_FOUND", "There is no run of this id.");
  return runId;
}

const idempotencyKeySchema = z.string().regex(/^[\x21-\x7e]{1,255}$/, "1 to 255 visible ASCII characters");

/**
 * The `Idempotency-Key` header with what the request asked for.
 * @throws INVALID_REQUEST
 */
export function readIdempotency(c: Context, body: unknown): Idempotency | undefined {
  const given = c.req.header("Idempotency-Key");
  if (given === undefined) return undefined;
  const key = check(idempotencyKeySchema, given, "Idempotency-Key");
  return { key, bodyHash: createHash("sha256").update(JSON.stringify(body)).digest("hex") };
}

function parseJson(bytes: ArrayBuffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : "it is no UTF-8";
    throw new SmithersError("INVALID_JSON", `The body is no JSON: ${reason}.`);
  }
  if (nestsDeeperThan(value, maxJsonDepth)) {
    throw new SmithersError("INVALID_REQUEST", `The body nests deeper than ${maxJsonDepth} levels.`, {
      details: { field: "body" },
    });
  }
  return value;
}

/** @throws INVALID_REQUEST with the field */
export function check<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = plainIssues(parsed.error);
  const field = issues[0]?.path.join(".") || what;
  throw new SmithersError("INVALID_REQUEST", `The ${what} is malformed: ${summary(issues)}.`, {
    details: { field, issues },
  });
}
