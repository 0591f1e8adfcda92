import { describe, expect, test } from "bun:test";
import { file, newId, target } from "./target.ts";

const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
const start = (more: Record<string, unknown>) => ({ workflowPath: file("never"), ...more });
const text = (input: string) => `{"workflowPath":"${file("never")}","input":${input}}`;

/** [what, body of POST /v1/runs, code, the field that details name] */
const starts: [string, unknown, string, string | undefined][] = [
  ["an empty body", "", "INVALID_REQUEST", "workflowPath"],
  ["no workflowPath", {}, "INVALID_REQUEST", "workflowPath"],
  ["half an object", '{"workflowPath":', "INVALID_JSON", undefined],
  ["a word", "hello", "INVALID_JSON", undefined],
  ["white space", "  ", "INVALID_JSON", undefined],
  ["two values", "{}{}", "INVALID_JSON", undefined],
  ["a list", "[]", "INVALID_REQUEST", "body"],
  ["null", "null", "INVALID_REQUEST", "body"],
  ["a number", "5", "INVALID_REQUEST", "body"],
  ["a key that comes twice", text('{"msg":1,"msg":2}'), "INVALID_JSON", "msg"],
  ["a key that comes twice, once escaped", text('{"msg":1,"\\u006dsg":2}'), "INVALID_JSON", "msg"],
  ["a key that comes twice, deep inside", text('{"a":[{"b":1},{"b":{"c":1,"d":"c","c":2}}]}'), "INVALID_JSON", "c"],
  ["the key __proto__", text('{"__proto__":{"admin":true}}'), "INVALID_JSON", "__proto__"],
  ["the key __proto__, deep inside", text('{"a":[{"x":{"__proto__" : {"b":1}}}]}'), "INVALID_JSON", "__proto__"],
  ["__proto__ as its only key", '{"__proto__":{"workflowPath":"x.tsx"}}', "INVALID_JSON", "__proto__"],
  ["a workflowPath that is a number", { workflowPath: 5 }, "INVALID_REQUEST", "workflowPath"],
  ["a workflowPath that is null", { workflowPath: null }, "INVALID_REQUEST", "workflowPath"],
  ["an empty workflowPath", { workflowPath: "" }, "INVALID_REQUEST", "workflowPath"],
  ["an endless workflowPath", { workflowPath: "a".repeat(5_000) }, "INVALID_REQUEST", "workflowPath"],
  ["a NUL in workflowPath", { workflowPath: "echo.tsx\0.png" }, "INVALID_REQUEST", "workflowPath"],
  ["an input that is text", start({ input: "x" }), "INVALID_REQUEST", "input"],
  ["an input that is a list", start({ input: [1] }), "INVALID_REQUEST", "input"],
  ["a runId that is a number", start({ runId: 7 }), "INVALID_REQUEST", "runId"],
  ["an empty runId", start({ runId: "" }), "INVALID_REQUEST", "runId"],
  ["a runId with a slash", start({ runId: "a/b" }), "INVALID_REQUEST", "runId"],
  ["a runId of 129 letters", start({ runId: "a".repeat(129) }), "INVALID_REQUEST", "runId"],
  ["resume that is text", start({ resume: "true" }), "INVALID_REQUEST", "resume"],
  ["resume without runId", { resume: true }, "RUN_ID_REQUIRED", undefined],
  ["a config that is a list", start({ config: [] }), "INVALID_REQUEST", "config"],
  ["a negative number", start({ config: { maxConcurrency: -1 } }), "INVALID_REQUEST", "config.maxConcurrency"],
  ["zero", start({ config: { maxConcurrency: 0 } }), "INVALID_REQUEST", "config.maxConcurrency"],
  ["a fraction", start({ config: { maxConcurrency: 1.5 } }), "INVALID_REQUEST", "config.maxConcurrency"],
  ["zero as text", start({ config: { maxConcurrency: "0" } }), "INVALID_REQUEST", "config.maxConcurrency"],
  ["a fraction as text", start({ config: { maxConcurrency: "1.5" } }), "INVALID_REQUEST", "config.maxConcurrency"],
  ["a number as empty text", start({ config: { maxConcurrency: "" } }), "INVALID_REQUEST", "config.maxConcurrency"],
  ["a field in the plural", start({ inputs: {} }), "INVALID_REQUEST", "inputs"],
  ["a field in other case", start({ runID: "r" }), "INVALID_REQUEST", "runID"],
  ["a field with an underscore", { workflow_path: file("never") }, "INVALID_REQUEST", "workflow_path"],
  ["a field with a typing error", start({ reusme: true }), "INVALID_REQUEST", "reusme"],
  ["the beginning of a field", { workflow: file("never") }, "INVALID_REQUEST", "workflow"],
  ["a field next to the one that was meant", start({ input: {}, Input: {} }), "INVALID_REQUEST", "Input"],
  ["a misspelt setting", start({ config: { maxConcurency: 2 } }), "INVALID_REQUEST", "config.maxConcurency"],
  ["nesting over 32", start({ input: nested(32) }), "INVALID_REQUEST", "body"],
  ["endless nesting", "[".repeat(400_000), "INVALID_JSON", undefined],
  ["endless nesting that is closed", `${"[".repeat(400_000)}${"]".repeat(400_000)}`, "INVALID_REQUEST", "body"],
];

/** [what, path, body, field] of 400s on the other routes. */
const others: [string, string, unknown, string][] = [
  ["a negative iteration", "nodes/n/approve", { iteration: -1 }, "iteration"],
  ["an iteration that is a fraction", "nodes/n/approve", { iteration: 0.5 }, "iteration"],
  ["a note that is a number", "nodes/n/deny", { note: 1 }, "note"],
  ["ranked that is text", "nodes/n/approve", { ranked: "a" }, "ranked"],
  ["decidedBy that is a list", "nodes/n/deny", { decidedBy: [] }, "decidedBy"],
  ["an empty correlationId", "signals/s", { correlationId: "" }, "correlationId"],
  ["a signal that is a list", "signals/s", [], "body"],
  ["a misspelt iteration", "nodes/n/approve", { iterations: 1 }, "iterations"],
  ["a misspelt decidedBy", "nodes/n/deny", { decided_by: "ann" }, "decided_by"],
  ["the beginning of correlationId", "signals/s", { data: 1, correlation: "c" }, "correlation"],
  ["a payload in the place of data", "signals/s", { url: "https://x", size: 2 }, "url"],
  ["a resume with a misspelt workflowPath", "resume", { workflowpath: "x.tsx" }, "workflowpath"],
  ["a resume with a workflowPath that is a number", "resume", { workflowPath: 1 }, "workflowPath"],
];

/** [path and query, field] of 400s. */
const queries: [string, string][] = [
  ["/v1/runs?limit=0", "limit"],
  ["/v1/runs?limit=-1", "limit"],
  ["/v1/runs?limit=1.5", "limit"],
  ["/v1/runs?limit=many", "limit"],
  ["/v1/runs?limit=", "limit"],
  ["/v1/runs?limit=0x10", "limit"],
  ["/v1/runs?limit=%201", "limit"],
  ["/v1/runs?status=done", "status"],
  ["/v1/runs?status=", "status"],
  ["/v1/runs?workflow=", "workflow"],
  ["/v1/runs?cursor=nonsense", "cursor"],
  ["/v1/runs?cursor=", "cursor"],
  ["/v1/approvals?limit=-1", "limit"],
  ["/v1/approvals?limit=many", "limit"],
  ["/approvals?limit=x", "limit"],
  ["/v1/approvals?cursor=nonsense", "cursor"],
  ["/v1/runs/none/frames?limit=0", "limit"],
  ["/v1/runs/none/nodes?limit=0", "limit"],
  ["/v1/runs/none/nodes/n?iteration=1.5", "iteration"],
  ["/v1/runs/none/frames?afterFrameNo=-2", "afterFrameNo"],
  ["/v1/runs/none/frames?afterFrameNo=1.5", "afterFrameNo"],
  ["/v1/runs/none/frames?afterFrameNo=one", "afterFrameNo"],
  ["/v1/runs/none/events?afterSeq=-2", "afterSeq"],
  ["/v1/runs/none/events?afterSeq=-", "afterSeq"],
  ["/v1/runs/none/events?afterSeq=1.5", "afterSeq"],
  ["/v1/runs/none/events?afterSeq=first", "afterSeq"],
  ["/v1/runs/none/events?afterSeq=1e99", "afterSeq"],
];

const refusal = ({ status, body }: { status: number; body: any }) => [status, body.error?.code, body.error?.details];

describe("POST /v1/runs refuses", () => {
  test.each(starts)("%s", async (_, body, code, field) => {
    const [status, given, details] = refusal(await target.post("/v1/runs", body));
    expect([status, given, details?.field]).toEqual([400, code, field]);
  });

  test("bytes that are not UTF-8", async () => {
    const body = Buffer.concat([
      Buffer.from(`{"workflowPath":"${file("never")}","input":{"a":"`),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}}'),
    ]);
    const answer = await target.post("/v1/runs", body);
    expect([answer.status, answer.body]).toMatchObject([400, { error: { code: "INVALID_JSON" } }]);
  });

  test("an Idempotency-Key of more than 255 characters", async () => {
    const answer = await target.post("/v1/runs", start({}), { "Idempotency-Key": "x".repeat(256) });
    expect(refusal(answer)).toMatchObject([400, "INVALID_REQUEST", { field: "Idempotency-Key" }]);
  });

  test("workflow paths outside the root, and files that are missing or hold no workflow", async () => {
    const code = (workflowPath: string) => target.code("POST", "/v1/runs", { workflowPath, runId: newId() });
    const up = `${"../".repeat(20)}etc/passwd`;
    for (const path of ["../secret.tsx", "../../none.tsx", "flows/../../secret.tsx", "/etc/passwd", up]) {
      expect([path, await code(path)]).toEqual([path, [400, "WORKFLOW_PATH_OUTSIDE_ROOT"]]);
    }
    for (const path of [file("none"), file("none/none"), `${file("echo")}/x.tsx`, "."]) {
      expect([path, await code(path)]).toEqual([path, [404, "WORKFLOW_NOT_FOUND"]]);
    }
    expect(await code(file("no-workflow"))).toEqual([400, "WORKFLOW_INVALID"]);
  });

  test("and records no run for a refused request", async () => {
    expect((await target.get("/v1/runs?workflow=conformance-never")).body).toEqual([]);
  });
});

test("optional fields that are null count as absent, and fields that resemble no other are ignored", async () => {
  const absent = { input: null, runId: null, resume: null, config: null };
  const run = await target.post("/v1/runs", { workflowPath: file("echo"), ...absent, tags: ["x"] });
  expect(run.status).toBe(200);
  const typed = { input: { msg: "hi" }, config: { maxConcurrency: "2" }, id: 7, name: "n" };
  const { body } = await target.post("/v1/runs", { workflowPath: file("echo"), ...typed });
  expect((await target.end(body.runId)).output).toEqual({ value: "hi" });
});

test("nesting of 32 is accepted", async () => {
  const run = await target.complete(file("echo"), { msg: nested(30) });
  expect(run.output).toEqual({ value: nested(30) });
});

test("keys and values that only look dangerous are kept", async () => {
  const msg = {
    a: "a",
    n: [null],
    b: ['"', "\\", '\\"b":', "}{", { a: "__proto__", b: '{"a":1,"a":2}' }, { a: 1 }],
    'q"\\': "\\",
    constructor: { prototype: { admin: true } },
    __proto__x: "ä\u0000ö",
    "": "",
  };
  expect((await target.complete(file("echo"), { msg })).output).toEqual({ value: msg });
});

test("a refused field is named together with the one that was meant", async () => {
  const near = await target.post("/v1/runs", start({ inputs: {} }));
  expect(near.body.error.message).toContain('inputs: unknown field, you probably mean "input"');
  const payload = await target.post("/v1/runs/none/signals/s", { url: "https://x", size: 2 });
  expect(payload.body.error.message).toContain('url: unknown field, the payload belongs in "data"');
  expect(payload.body.error.message).toContain("size");
});

test.each(others)("%s is refused", async (_, path, body, field) => {
  const answer = await target.post(`/v1/runs/none/${path}`, body);
  expect(refusal(answer)).toMatchObject([400, "INVALID_REQUEST", { field }]);
});

test.each(queries)("GET %s is 400", async (path, field) => {
  expect(refusal(await target.get(path))).toMatchObject([400, "INVALID_REQUEST", { field }]);
});

test("a list begins at its start after nothing and after -1, and a limit over the maximum is the maximum", async () => {
  const { runId } = await target.complete(file("echo"));
  const frames = (query: string) => target.get(`/v1/runs/${runId}/frames${query}`).then(({ body }) => body);
  const all = await frames("");
  expect(all.length).toBeGreaterThan(0);
  for (const query of ["?afterFrameNo=", "?afterFrameNo=-1", "?limit=1001", `?limit=${"9".repeat(30)}`])
    expect([query, await frames(query)]).toEqual([query, all]);
  const events = (query: string) => target.get(`/v1/runs/${runId}/events${query}`).then(({ body }) => body);
  for (const query of ["?afterSeq=", "?afterSeq=-1"]) expect(await events(query)).toBe(await events(""));
  expect((await target.get("/v1/runs?limit=5000")).status).toBe(200);
});

test("a malformed Last-Event-ID is 400", async () => {
  const { runId } = await target.complete(file("echo"));
  const answer = await target.get(`/v1/runs/${runId}/events`, { "last-event-id": "abc" });
  expect(refusal(answer)).toMatchObject([400, "INVALID_REQUEST", { field: "Last-Event-ID" }]);
});

test("a body of 1 MiB is accepted, one byte more is PAYLOAD_TOO_LARGE", async () => {
  const body = (bytes: number) => {
    const empty = JSON.stringify({ workflowPath: file("echo"), input: { msg: "" } }).length;
    return JSON.stringify({ workflowPath: file("echo"), input: { msg: "x".repeat(bytes - empty) } });
  };
  expect(await target.code("POST", "/v1/runs", body(1_048_576))).toEqual([200, undefined]);
  expect(await target.code("POST", "/v1/runs", body(1_048_577))).toEqual([413, "PAYLOAD_TOO_LARGE"]);
});

test.each(["a run of no such id!", "-starts-wrong", "x".repeat(129), "%00", "..%2f..%2fetc"])(
  "a run id that no run can have (%s) is RUN_NOT_FOUND",
  async (runId) => {
    expect(await target.code("GET", `/v1/runs/${runId}`)).toEqual([404, "RUN_NOT_FOUND"]);
  },
);

test.each([
  "/v1/runs/50%",
  "/v1/runs/%zz",
  "/v1/runs/%c3%28",
  "/v1/runs/none/signals/%c3%28",
  "/v1/runs/none/nodes/%E0%A4%A/approve",
  "/signal/x/%E0%A4%A",
])("%s, which does not decode, is INVALID_REQUEST", async (path) => {
  const method = path.split("/").length > 4 || path.startsWith("/signal") ? "POST" : "GET";
  expect(await target.code(method, path, method === "POST" ? {} : undefined)).toEqual([400, "INVALID_REQUEST"]);
});

describe("numbers of a body", () => {
  const post = (n: string) =>
    target.request("POST", "/v1/runs", `{"workflowPath":${JSON.stringify(file("echo"))},"input":{"msg":${n}}}`);

  test.each([
    "12345678901234567890",
    "[1,-9007199254740993]",
    "9007199254740992",
    "1e400",
    '{"a":{"b":[-1.5e999]}}',
    "1".repeat(400),
    "9007199254740993.0",
    "123456789012345678e3",
    "1e-400",
    `1${"0".repeat(500_000)}1e-499000`,
  ])("%s would be rounded, and is refused", async (n) => {
    const { status, body } = await post(n);
    expect([status, body.error.code]).toEqual([400, "INVALID_JSON"]);
    expect(body.error.message).toContain("Send it as a string.");
  });

  test.each([
    "[9007199254740991,-9007199254740991,0.1,-5,1e3,1.7976931348623157e308,0.1234567890123456789]",
    '"12345678901234567890"',
    "[1e22,123456789012345680000.0,9.007199254740992e15,0.0,0e5,5e-324]",
  ])("%s is taken", async (n) => {
    const { status, body } = await post(n);
    expect(status).toBe(200);
    expect((await target.end(body.runId)).output).toEqual({ value: JSON.parse(n) });
  });
});
