import { describe, expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serve } from "../support/server.ts";
import { echo } from "../support/workflows.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** [what, method, path, body, status, code] */
const answers: [string, string, string, unknown, number, string | undefined][] = [
  ["a list", "GET", "/v1/runs", undefined, 200, undefined],
  ["health", "GET", "/health", undefined, 200, undefined],
  ["a start", "POST", "/v1/runs", { workflowPath: "echo.tsx" }, 200, undefined],
  ["a malformed body", "POST", "/v1/runs", "{", 400, "INVALID_JSON"],
  ["a refused body", "POST", "/v1/runs", { workflowPath: 5 }, 400, "INVALID_REQUEST"],
  ["an unknown run", "GET", "/v1/runs/none", undefined, 404, "RUN_NOT_FOUND"],
  ["events of an unknown run", "GET", "/v1/runs/none/events", undefined, 404, "RUN_NOT_FOUND"],
  ["an unknown path", "GET", "/v2/runs", undefined, 404, "NOT_FOUND"],
  ["a wrong method", "PUT", "/v1/runs", {}, 405, "METHOD_NOT_ALLOWED"],
  ["a large body", "POST", "/v1/runs", { input: { text: "x".repeat(2_000) } }, 413, "PAYLOAD_TOO_LARGE"],
];

describe("every JSON answer has its headers and, when it is an error, its envelope", () => {
  test.each(answers)("%s", async (_, method, path, body, status, code) => {
    const server = await serve(folder({ "echo.tsx": echo }), { maxBodyBytes: 1_000 });
    const answer = await server.request(method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("x-request-id")).toMatch(uuid);
    if (code === undefined) return;
    expect(Object.keys(answer.body)).toEqual(["error"]);
    expect(Object.keys(answer.body.error)).toEqual(["code", "message", "details"]);
    expect(answer.body.error.code).toBe(code);
    expect(answer.body.error.message).toMatch(/^[A-Z/].{10,}\.$/);
  });
});

test("each answer has a request id of its own", async () => {
  const server = await serve(folder());
  const ids = await Promise.all([1, 2, 3].map(async () => (await server.get("/health")).headers.get("x-request-id")));
  expect(new Set(ids).size).toBe(3);
});

test("a caller's request id comes back, unless it could forge a log line", async () => {
  const server = await serve(folder());
  const idFor = async (id: string) => (await server.get("/health", { "x-request-id": id })).headers.get("x-request-id");
  expect(await idFor("trace-42_a")).toBe("trace-42_a");
  expect(await idFor("two words;drop")).toMatch(uuid);
  expect(await idFor("x".repeat(300))).toMatch(uuid);
});

/** [path, what it takes] */
const methods: [string, string[]][] = [
  ["/health", ["GET", "HEAD"]],
  ["/v1/runs", ["GET", "HEAD", "POST"]],
  ["/v1/runs/x", ["GET", "HEAD"]],
  ["/v1/runs/x/nodes", ["GET", "HEAD"]],
  ["/v1/runs/x/events", ["GET", "HEAD"]],
  ["/v1/runs/x/resume", ["POST"]],
  ["/v1/runs/x/cancel", ["POST"]],
  ["/v1/runs/x/nodes/n/approve", ["POST"]],
  ["/v1/runs/x/nodes/n/deny", ["POST"]],
  ["/v1/runs/x/signals/s", ["POST"]],
  ["/signal/x/s", ["POST"]],
  ["/v1/approvals", ["GET", "HEAD"]],
  ["/v1/approval/list", ["GET", "HEAD"]],
  ["/approval/list", ["GET", "HEAD"]],
  ["/approvals", ["GET", "HEAD"]],
];

test("a known path with a wrong method is 405 and names the right ones, as OPTIONS does", async () => {
  const server = await serve(folder());
  for (const [path, allowed] of methods) {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((one) => !allowed.includes(one))) {
      const { status, headers } = await server.request(method, path, method === "GET" ? undefined : {});
      expect([method, path, status]).toEqual([method, path, 405]);
      expect([path, headers.get("allow")?.split(", ").sort()]).toEqual([path, [...allowed, "OPTIONS"].sort()]);
    }
    const { status, headers } = await server.request("OPTIONS", path);
    expect([path, status, headers.get("allow")?.split(", ").sort()]).toEqual([
      path,
      204,
      [...allowed, "OPTIONS"].sort(),
    ]);
  }
});

test.each([
  "/",
  "/v1",
  "/v1/",
  "/v1/runs/x/nope",
  "/v1/runs/x/nodes/n",
  "/v1/signals/s",
  "/signal/x",
  "/v1/runs/x/nodes/n/approve/more",
])("%s is not found", async (path) => {
  const server = await serve(folder());
  const { status, body } = await server.get(path);
  expect([status, body.error.code]).toEqual([404, "NOT_FOUND"]);
});

test.each(["a run of no such id!", "-starts-wrong", "x".repeat(129), "%00", "..%2f..%2fetc"])(
  "a run id that no run can have (%s) is RUN_NOT_FOUND",
  async (runId) => {
    const server = await serve(folder());
    const { status, body } = await server.get(`/v1/runs/${runId}`);
    expect([status, body.error.code]).toEqual([404, "RUN_NOT_FOUND"]);
  },
);
