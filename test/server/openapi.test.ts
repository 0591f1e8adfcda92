import { expect, test } from "bun:test";
import { Ajv2020 } from "@redocly/ajv/dist/2020.js";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { eventSchema } from "../../src/model/event-schemas.ts";
import { eventTypes } from "../../src/model/index.ts";
import { folder } from "../support/folder.ts";
import { Conformity } from "../support/openapi.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { Wire } from "../support/wire.ts";
import { echo, workflowFile } from "../support/workflows.ts";

const files = {
  "echo.tsx": echo,
  "fail.tsx": workflowFile(`<Task id="t" output={outputs.result} noRetry>{() => { throw new Error("no"); }}</Task>`),
  "ask.tsx": workflowFile(
    `<Approval id="ok" output={outputs.decision} request={{ title: "?", metadata: { risk: 1 } }} />
     <WaitForEvent id="w" event="go" output={outputs.result} outputSchema={z.object({ value: z.number() })} />
     <Timer id="nap" duration="2h" />`,
    { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })" },
  ),
  "typed.tsx": workflowFile(`<Task id="t" output={outputs.result}>{{ value: 1 }}</Task>`, {
    schemas: "input: z.object({ to: z.email() }), result: z.object({ value: z.any() })",
  }),
  "broken.tsx": "export default 5;",
};

test("every route answers as the document describes, for valid and invalid requests", async () => {
  const server = await serve(folder(files), { authToken: "secret", maxBodyBytes: 2_000 });
  const conformity = new Conformity((await server.get("/openapi.json")).body);
  const problems: string[] = [];
  const send = async (method: string, path: string, body?: unknown, headers?: Record<string, string>) => {
    const answer = await server.request(method, path, body, headers);
    problems.push(...conformity.problems(method, path, answer));
    return answer;
  };
  const get = (path: string) => send("GET", path);
  const post = (path: string, body: unknown = {}) => send("POST", path, body);
  const start = async (workflowPath: string, more = {}) =>
    (await post("/v1/runs", { workflowPath, ...more })).body.runId as string;
  const readAll = async (runId: string) => {
    for (const path of ["", "/nodes", "/nodes/ok", "/nodes/say", "/frames?limit=1"])
      await get(`/v1/runs/${runId}${path}`);
    await get("/v1/runs?limit=1");
  };

  const done = await start("echo.tsx", { input: { msg: { deep: [1, null] } } });
  await server.end(done);
  const failed = await start("fail.tsx");
  await server.end(failed);
  await get(`/v1/runs/${failed}/events`);
  await send("GET", `/v1/runs/${failed}/events`, undefined, { "last-event-id": "1000" });
  await post(`/v1/runs/${failed}/nodes/t/retry`);
  await server.end(failed);
  await post(`/v1/runs/${failed}/resume`);
  const asking = await start("ask.tsx");
  await server.until(asking, ({ type }) => type === "NodeWaitingApproval");
  for (const runId of [done, failed, asking]) await readAll(runId);
  for (const path of ["/v1/approvals", "/v1/approval/list", "/approval/list", "/approvals"]) await get(path);
  await post(`/v1/runs/${asking}/nodes/ok/approve`, { note: "fine", decidedBy: "ann" });
  await server.until(asking, ({ type }) => type === "NodeWaitingEvent");
  await readAll(asking);
  await post(`/v1/runs/${asking}/signals/go`, { data: { value: "no number" } });
  await post(`/signal/${asking}/other`, { data: 1, correlationId: "c", receivedBy: "hook" });
  await post(`/v1/runs/${asking}/signals/go`, { data: { value: 1 } });
  await server.until(asking, ({ type }) => type === "NodeWaitingTimer");
  await readAll(asking);
  const denied = await start("ask.tsx");
  await server.until(denied, ({ type }) => type === "NodeWaitingApproval");
  await post(`/v1/runs/${denied}/nodes/ok/deny`);
  await post(`/v1/runs/${asking}/cancel`);
  for (const path of ["/openapi.json", "/health", "/metrics", "/v1/workflows"]) await get(path);
  // Its stream does not end by itself.
  const leave = new AbortController();
  const { status, headers, body } = await server.send("GET", "/v1/changes", { signal: leave.signal });
  const [head] = await body!
    .getReader()
    .read()
    .then(({ value }) => [new TextDecoder().decode(value)]);
  problems.push(...conformity.problems("GET", "/v1/changes", { status, headers, body: head }));
  leave.abort();

  await start("typed.tsx", { input: { to: "nobody" } });
  for (const path of ["broken.tsx", "none.tsx", "../up.tsx"]) await start(path);
  await start("echo.tsx", { runId: done });
  await send("POST", "/v1/runs", { workflowPath: "echo.tsx" }, { "Idempotency-Key": "k" });
  await send("POST", "/v1/runs", { workflowPath: "fail.tsx" }, { "Idempotency-Key": "k" });
  for (const body of ["{", { resume: true }, { runId: done, resume: true }, { input: { text: "x".repeat(3_000) } }])
    await post("/v1/runs", body);
  for (const path of ["/v1/runs?limit=0", "/v1/approvals?cursor=x", `/v1/runs/${done}/events?afterSeq=x`])
    await get(path);
  for (const path of ["", "/nodes", "/frames", "/events"]) await get(`/v1/runs/none${path}`);
  for (const path of ["/cancel", "/resume", "/signals/s", "/nodes/ok/approve", "/nodes/n/deny", "/nodes/t/retry"]) {
    await post(`/v1/runs/none${path}`);
    await post(`/v1/runs/${done}${path}`);
    await send("POST", `/v1/runs/${done}${path}`, {}, { authorization: "Bearer wrong" });
  }
  await get("/v1/nothing");
  await send("PUT", "/v1/runs", {});

  expect(problems).toEqual([]);
  const without200 = conformity.operations.filter((one) => !conformity.seen.has(`${one} 200`));
  expect(without200).toEqual([]);
});

test("every event of a run fits the document", async () => {
  const server = await serve(folder(files));
  const document = (await server.get("/openapi.json")).body;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema(document, "api");
  const runId = await server.start("ask.tsx");
  await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
  await server.approvals.deny(runId, "ok", { note: "no" });
  for await (const { event } of server.events(runId)) {
    expect([event, ajv.validate(`api#/components/schemas/${event.type}Event`, event), ajv.errors]).toEqual([
      event,
      true,
      null,
    ]);
  }
  expect(Object.keys(document.components.schemas)).toEqual(
    expect.arrayContaining(eventTypes.map((type) => `${type}Event`)),
  );
  expect(eventSchema("RunStarted").safeParse({ type: "RunStarted", runId, timestampMs: 1 }).success).toBe(true);
});

test.each([undefined, "secret"])("the document lints clean with the token %j", async (authToken) => {
  const server = await serve(folder(), { authToken });
  const { headers, body } = await server.get("/openapi.json");
  expect(headers.get("content-type")).toBe("application/json");
  expect(body.openapi).toStartWith("3.1.");
  const config = await createConfig({ extends: ["recommended"] });
  const problems = await lintFromString({ source: JSON.stringify(body), config });
  expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
});

test("the document says whether a token is required, and reveals nothing about the token, the root or the machine", async () => {
  const root = folder(files);
  const server = await serve(root, { authToken: "t0ken-5f3a" });
  expect((await new Wire(server.url).get("/openapi.json")).status).toBe(401);
  const { body } = await server.get("/openapi.json");
  expect(body.security).toEqual([{ bearer: [] }, { key: [] }]);
  expect(body.paths["/health"].get.security).toEqual([]);
  for (const secret of ["t0ken-5f3a", root, "127.0.0.1"]) expect(JSON.stringify(body)).not.toContain(secret);
  const open = await serve(folder());
  expect((await open.get("/openapi.json")).body.security).toEqual([]);
});
