import { describe, expect, test } from "bun:test";
import { Client } from "../support/client.ts";
import { send } from "../support/exact-request.ts";
import { file, newId, target, token } from "./target.ts";

const stranger = new Client(target.url);

/** [method, path template]: every route of the contract, each with the methods that its path takes. */
const paths: [string, string[]][] = [
  ["/health", ["GET"]],
  ["/metrics", ["GET"]],
  ["/openapi.json", ["GET"]],
  ["/v1/runs", ["GET", "POST"]],
  ["/v1/runs/none", ["GET"]],
  ["/v1/runs/none/nodes", ["GET"]],
  ["/v1/runs/none/nodes/n", ["GET"]],
  ["/v1/runs/none/events", ["GET"]],
  ["/v1/runs/none/frames", ["GET"]],
  ["/v1/runs/none/resume", ["POST"]],
  ["/v1/runs/none/cancel", ["POST"]],
  ["/v1/runs/none/nodes/n/approve", ["POST"]],
  ["/v1/runs/none/nodes/n/deny", ["POST"]],
  ["/v1/runs/none/signals/s", ["POST"]],
  ["/v1/approvals", ["GET"]],
  ["/v1/approval/list", ["GET"]],
  ["/approval/list", ["GET"]],
  ["/approvals", ["GET"]],
  ["/signal/none/s", ["POST"]],
];
const writing = ["POST", "PUT", "PATCH", "DELETE"];

test("GET /health is 200 { ok: true } without a token", async () => {
  const { status, body } = await stranger.get("/health");
  expect([status, body]).toEqual([200, { ok: true }]);
});

test("GET /metrics is a Prometheus exposition", async () => {
  const { status, headers, body } = await target.get("/metrics");
  expect([status, headers.get("content-type")]).toEqual([200, expect.stringMatching(/^text\/plain; version=0\.0\.4/)]);
  expect(body).toMatch(/^# TYPE \w+ (counter|gauge|histogram)$/m);
});

describe.skipIf(token === undefined)("with a token configured", () => {
  test("every other request without it is 401, for known and unknown paths alike", async () => {
    for (const [path, methods] of [...paths, ["/nothing", ["GET"]], ["/health", ["POST"]]] as typeof paths) {
      for (const method of methods) {
        if (path === "/health" && method === "GET") continue;
        const { status, body, headers } = await stranger.request(method, path, method === "POST" ? {} : undefined);
        expect([path, status, body.error.code]).toEqual([path, 401, "UNAUTHORIZED"]);
        expect(headers.get("www-authenticate")).toBe("Bearer");
      }
    }
  });

  test.each<[string, Record<string, string>]>([
    ["Authorization: Bearer", { authorization: `Bearer ${token}` }],
    ["the scheme in small letters", { authorization: `bearer ${token}` }],
    ["the bare token in Authorization", { authorization: token! }],
    ["x-smithers-key", { "x-smithers-key": token! }],
    ["x-smithers-key with the scheme", { "x-smithers-key": `Bearer ${token}` }],
    ["x-smithers-key next to another scheme", { authorization: "Basic eDp5", "x-smithers-key": token! }],
    ["x-smithers-key next to another's bearer", { authorization: "Bearer proxy", "x-smithers-key": token! }],
  ])("%s opens it", async (_, headers) => {
    expect((await stranger.get("/v1/runs?limit=1", headers)).status).toBe(200);
  });

  test.each<[string, Record<string, string>]>([
    ["a wrong bearer", { authorization: `Bearer ${token?.slice(0, -1)}` }],
    ["a wrong key", { "x-smithers-key": "tok" }],
    ["the token and more", { "x-smithers-key": `${token}0` }],
    ["another scheme", { authorization: `Basic ${token}` }],
    ["an empty bearer", { authorization: "Bearer " }],
    ["an empty key", { "x-smithers-key": "" }],
  ])("%s is 401, and the answer does not hold the token", async (_, headers) => {
    const { status, body } = await stranger.get("/v1/runs?limit=1", headers);
    expect([status, body.error.code]).toEqual([401, "UNAUTHORIZED"]);
    expect(JSON.stringify(body)).not.toContain(token!);
  });
});

describe("every answer", () => {
  test("that is JSON has its three headers, and every one a request id of its own", async () => {
    const answers = [
      await target.get("/health"),
      await target.get("/v1/runs?limit=1"),
      await target.post("/v1/runs", { workflowPath: file("echo") }),
      await target.post("/v1/runs", "{"),
      await target.get("/v1/runs/none"),
      await target.get("/nothing"),
      await target.request("PUT", "/v1/runs", {}),
    ];
    for (const { headers } of answers) {
      expect(headers.get("content-type")).toBe("application/json");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
    }
    expect(new Set(answers.map(({ headers }) => headers.get("x-request-id"))).size).toBe(answers.length);
  });

  test("repeats a caller's request id, unless it could forge a line of a log", async () => {
    const idFor = async (id: string) =>
      (await target.get("/health", { "x-request-id": id })).headers.get("x-request-id");
    expect(await idFor("trace-42_a")).toBe("trace-42_a");
    for (const id of ["two words;drop", "x".repeat(300)]) {
      expect(await idFor(id)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    }
  });

  test("that is an error is { error: { code, message, details } }, the message a sentence", async () => {
    for (const { body } of [
      await target.post("/v1/runs", { workflowPath: 5 }),
      await target.get("/v1/runs/none"),
      await target.get("/nothing"),
    ]) {
      expect(Object.keys(body)).toEqual(["error"]);
      expect(Object.keys(body.error)).toEqual(["code", "message", "details"]);
      expect(body.error.message).toMatch(/^[A-Z].{10,}\.$/);
    }
  });
});

test("a known path with a wrong method is 405 and names the right ones in Allow, as OPTIONS does", async () => {
  for (const [path, methods] of paths) {
    const allowed = [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].sort();
    for (const method of ["GET", ...writing].filter((one) => !methods.includes(one))) {
      const { status, headers, body } = await target.request(method, path, method === "GET" ? undefined : {});
      expect([method, path, status, body.error.code]).toEqual([method, path, 405, "METHOD_NOT_ALLOWED"]);
      expect([path, headers.get("allow")?.split(", ").sort()]).toEqual([path, allowed]);
    }
    const { status, headers } = await target.request("OPTIONS", path);
    expect([path, status, headers.get("allow")?.split(", ").sort()]).toEqual([path, 204, allowed]);
  }
});

test("a wrong method is 405 also when the request has no body or does not say how long it is", async () => {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const without = await send(target.url, "/v1/runs", { method: "DELETE", headers });
  headers["transfer-encoding"] = "chunked";
  const chunked = await send(target.url, "/health", { method: "POST", headers, body: "{}" });
  expect([without.status, chunked.status]).toEqual([405, 405]);
});

test("HEAD is answered as GET, without a body", async () => {
  const stream = `/v1/runs/${(await target.complete(file("echo"))).runId}/events`;
  for (const path of ["/health", "/v1/runs", "/v1/approvals", stream]) {
    const { status, headers, body } = await target.request("HEAD", path);
    const type = path === stream ? "text/event-stream" : "application/json";
    expect([path, status, headers.get("content-type"), body]).toEqual([path, 200, type, ""]);
  }
});

test.each(["/", "/v1", "/v1/", "/v1/runs/", "/v1/runs/x/nope", "/v1/runs/x/nodes/n/x", "/signal/x"])(
  "%s is NOT_FOUND",
  async (path) => {
    expect(await target.code("GET", path)).toEqual([404, "NOT_FOUND"]);
  },
);

test("each route about an unknown run is RUN_NOT_FOUND", async () => {
  for (const [path, methods] of paths.filter(([path]) => path.includes("none"))) {
    for (const method of methods) {
      const given = method === "POST" ? {} : undefined;
      expect([path, await target.code(method, path, given)]).toEqual([path, [404, "RUN_NOT_FOUND"]]);
    }
  }
  expect(await target.code("POST", "/v1/runs", { runId: newId(), resume: true })).toEqual([404, "RUN_NOT_FOUND"]);
});

test("GET /openapi.json describes the API in OpenAPI 3.1, every route of the contract in it", async () => {
  const { status, body } = await target.get("/openapi.json");
  expect([status, body.openapi]).toEqual([200, expect.stringMatching(/^3\.1\./)]);
  const described = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, "*")}`),
  );
  const promised = paths.flatMap(([path, methods]) =>
    methods.map((method) => `${method} ${path.replace(/\/(none|n|s)(?=\/|$)/g, "/*")}`),
  );
  expect(described).toEqual(expect.arrayContaining(promised));
});
