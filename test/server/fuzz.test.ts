import { expect, test } from "bun:test";
import fc from "fast-check";
import { anyText } from "../support/any-text.ts";
import { folder } from "../support/folder.ts";
import { recordedErrors } from "../support/log.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const waiting = workflowFile(
  `<Approval id="ok" output={outputs.decision} onDeny="continue" request={{ title: "?" }} />
   <WaitForEvent id="w" event="go" output={outputs.result} />`,
  { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })" },
);

/** Half of a surrogate pair has no UTF-8. */
const escaped = (text: string) => encodeURIComponent(text.replace(/[\ud800-\udfff]/g, "?"));

const strange = fc.oneof(
  anyText({ maxLength: 12 }),
  fc.constantFrom("..", ".", "", "%00", "%2e%2e%2f", "%zz", "%", "__proto__", "constructor", "\0", "a".repeat(3_000)),
);
const name = fc.oneof(strange, fc.constantFrom("r", "ok", "w", "go", "none"));
const segment = fc.oneof(
  name.map((text) => escaped(text)),
  fc.constantFrom("%", "%zz", "%c3%28", "%2F", "//", "..;", "*", ":runId"),
);
const path = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          "/health",
          "/v1/runs",
          "/v1/runs/A",
          "/v1/runs/A/nodes",
          "/v1/runs/A/frames",
          "/v1/runs/A/resume",
          "/v1/runs/A/cancel",
          "/v1/runs/A/nodes/B/approve",
          "/v1/runs/A/nodes/B/deny",
          "/v1/runs/A/signals/B",
          "/v1/approvals",
          "/approvals",
          "/signal/A/B",
          "/openapi.json",
        ),
        segment,
        segment,
      )
      .map(([template, a, b]) => template.replace("A", a).replace("B", b)),
  },
  { weight: 1, arbitrary: fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join("/")}`) },
);
const query = fc.option(
  fc
    .array(
      fc.tuple(
        fc.constantFrom("limit", "status", "workflow", "cursor", "afterSeq", "afterFrameNo", "x"),
        fc.oneof(strange, fc.integer().map(String)),
      ),
      { maxLength: 3 },
    )
    .map((pairs) => `?${pairs.map(([key, value]) => `${key}=${escaped(value)}`).join("&")}`),
  { nil: "" },
);
const field = fc.constantFrom(
  "workflowPath",
  "input",
  "runId",
  "resume",
  "config",
  "iteration",
  "note",
  "decidedBy",
  "selected",
  "ranked",
  "requestedAtMs",
  "data",
  "correlationId",
  "receivedBy",
  "maxConcurrency",
);
const value = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    "wait.tsx",
    "../wait.tsx",
    "/etc/passwd",
    "wait.tsx\0",
    true,
    0,
    -1,
    1.5,
    1e308,
    "r",
    { value: 1 },
    ["a"],
  ),
);
const body = fc.oneof(
  { weight: 5, arbitrary: fc.dictionary(field, value).map((fields) => JSON.stringify(fields)) },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      "{",
      "[".repeat(5_000),
      '{"__proto__":{"x":1}}',
      '{"a":1,"a":2}',
      "\ufeff{}",
      `{"input":"${"x".repeat(20_000)}"}`,
    ),
  },
);
const headers = fc.dictionary(
  fc.constantFrom(
    "content-type",
    "idempotency-key",
    "last-event-id",
    "x-request-id",
    "authorization",
    "traceparent",
    "accept",
  ),
  fc.string({ maxLength: 30 }).map((text) => text.replace(/[^\x20-\x7e]/g, "").trim()),
  { maxKeys: 3 },
);
const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD");
const request = fc.record({
  method: fc.oneof({ weight: 6, arbitrary: fc.constantFrom("GET", "POST") }, { weight: 1, arbitrary: method }),
  path,
  query,
  body,
  headers,
});

test("two thousand malformed requests cause no 5xx and no hang, and reveal no path or stack", async () => {
  const { logger, errors } = recordedErrors();
  const root = folder({ "wait.tsx": waiting });
  const server = await serve(root, { maxBodyBytes: 10_000, logger });
  await server.start("wait.tsx", {}, { runId: "r" });
  await server.until("r", ({ type }) => type === "NodeWaitingApproval");

  let batch: Promise<unknown>[] = [];
  let sent = 0;
  const check = async (given: {
    method: string;
    path: string;
    query: string;
    body: string | Uint8Array;
    headers: Record<string, string>;
  }) => {
    const hasBody = given.method !== "GET" && given.method !== "HEAD";
    const response = await server.fetch(server.url + given.path + given.query, {
      method: given.method,
      headers: given.headers,
      body: hasBody ? (given.body as BodyInit) : undefined,
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    const wrong =
      response.status >= 500 ||
      !response.headers.has("x-request-id") ||
      text.includes(root) ||
      /\n\s+at |node_modules|\.ts:\d/.test(text);
    if (wrong) throw new Error(`${JSON.stringify(given)} was answered ${response.status}: ${text.slice(0, 500)}`);
    if (response.status >= 400 && hasBody)
      expect(Object.keys(JSON.parse(text).error)).toEqual(["code", "message", "details"]);
  };
  await fc.assert(
    fc.asyncProperty(request, async (given) => {
      sent += 1;
      batch.push(check(given));
      if (batch.length < 25) return;
      const now = batch;
      batch = [];
      await Promise.all(now);
    }),
    { numRuns: 2_000, endOnFailure: true },
  );
  await Promise.all(batch);

  expect(sent).toBe(2_000);
  expect(({} as { x?: number }).x).toBeUndefined();
  expect((await server.get("/health")).status).toBe(200);
  expect(errors).toEqual([]);
});
