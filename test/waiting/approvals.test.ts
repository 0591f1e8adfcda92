import { expect, test } from "bun:test";
import { folder, write } from "../support/folder.ts";
import { serveWithoutWorkers as serve, type TestServer } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const schemas = `decision: approvalDecisionSchema, result: z.object({ value: z.any() }),
  choice: z.object({ selected: z.string(), notes: z.string().nullable() }),
  order: z.strictObject({ ranked: z.array(z.string()) }),
  noted: approvalDecisionSchema.refine(({ note }) => note !== null, "say why")`;

async function asking(tree: string, count = 1) {
  const root = folder({ "w.tsx": workflowFile(tree, { schemas }) });
  const server = await serve(root);
  const runId = await server.start("w.tsx");
  await asked(server, runId, count);
  return { server, root, runId, path: `/v1/runs/${runId}/nodes` };
}

/** Waits until that many decisions have been asked for. */
async function asked(server: TestServer, runId: string, count: number): Promise<void> {
  let open = 0;
  for await (const { event } of server.events(runId)) {
    if (event.type === "NodeWaitingApproval") open += 1;
    if (open === count) return;
  }
}

const pending = async (server: TestServer) => server.approvals.list();

test("a strict schema may name only what it wants of a decision", async () => {
  const { server, runId, path } = await asking(
    `<Approval id="rank" mode="rank" options={["a", "b"]} output={outputs.order} request={{ title: "?" }} />`,
  );
  await server.post(`${path}/rank/approve`, { ranked: ["b", "a"], note: "so" });
  expect((await server.end(runId)).output).toEqual({ ranked: ["b", "a"] });
});

test("in a loop each iteration is asked for and decided by itself", async () => {
  const { server, runId, path } = await asking(
    `<Loop id="l" maxIterations={9} until={ctx.latest("decision", "ok")?.approved ?? false}>
      <Approval id="ok" onDeny="continue" output={outputs.decision} request={{ title: "Round " + ctx.iteration }} />
    </Loop>`,
  );
  await server.post(`${path}/ok/deny`, { note: "first" });
  await asked(server, runId, 2);
  expect(await pending(server)).toMatchObject([{ iteration: 1, requestTitle: "Round 1" }]);
  expect((await server.post(`${path}/ok/approve`, { iteration: 0 })).status).toBe(409);
  await server.post(`${path}/ok/approve`, { iteration: 1, note: "second" });
  expect((await server.end(runId)).status).toBe("finished");
  expect((await server.nodes(runId)).map(({ iteration, output }) => [iteration, output])).toMatchObject([
    [0, { approved: false, note: "first" }],
    [1, { approved: true, note: "second" }],
  ]);
});

test("tasks of every kind ask before they start when they need an approval", async () => {
  const { server, runId, path } = await asking(
    `<Parallel>
      <Task id="static" needsApproval label="Write a value" output={outputs.result}>{{ value: "static" }}</Task>
      <Task id="compute" needsApproval output={outputs.result}>{() => ({ value: "compute" })}</Task>
      <Task id="agent" needsApproval output={outputs.result} agent={{ generate: async () => '{"value":"agent"}' }}>Say it</Task>
      <Task id="no" needsApproval continueOnFail output={outputs.result}>{() => ({ value: "never" })}</Task>
      <Task id="skipped" needsApproval skipIf output={outputs.result}>{{ value: 0 }}</Task>
    </Parallel>
    <Task id="after" dependsOn={["static"]} output={outputs.result}>{{ value: "after" }}</Task>`,
    4,
  );
  const titles = (await pending(server)).map(({ requestTitle }: { requestTitle: string }) => requestTitle);
  expect(titles.sort()).toEqual(["Run agent?", "Run compute?", "Run no?", "Write a value"]);
  await server.post(`${path}/no/deny`);
  for (const id of ["static", "compute", "agent"]) await server.post(`${path}/${id}/approve`);
  expect((await server.end(runId)).status).toBe("finished");
  expect(
    (await server.nodes(runId)).map(({ nodeId, state, output }) => [
      nodeId,
      state,
      (output as { value?: string } | null)?.value,
    ]),
  ).toEqual([
    ["static", "finished", "static"],
    ["compute", "finished", "compute"],
    ["agent", "finished", "agent"],
    ["no", "failed", undefined],
    ["skipped", "skipped", undefined],
    ["after", "finished", "after"],
  ]);
});

test("a task with a cached result still asks for its approval", async () => {
  const root = folder({
    "w.tsx": workflowFile(
      `<Task id="c" cache needsApproval output={outputs.result}>{() => ({ value: Math.random() })}</Task>`,
    ),
  });
  const server = await serve(root);
  const values: unknown[] = [];
  for (const runId of ["first", "second"]) {
    await server.start("w.tsx", {}, { runId });
    await asked(server, runId, 1);
    await server.approvals.approve(runId, "c");
    values.push((await server.end(runId)).output);
  }
  expect(values[0]).toEqual(values[1]);
});

test("a question that the workflow no longer asks is withdrawn", async () => {
  const { server, runId, path } = await asking(
    `<Parallel>
      <Approval id="yes" output={outputs.decision} request={{ title: "Yes?" }} />
      {ctx.outputMaybe("decision", { nodeId: "yes" }) === undefined
        && <Approval id="no" output={outputs.decision} request={{ title: "No?" }} />}
    </Parallel>
    <Timer id="rest" duration="1h" />`,
    2,
  );
  await server.post(`${path}/yes/approve`);
  await server.until(runId, ({ type }) => type === "NodeWaitingTimer");
  expect(await pending(server)).toEqual([]);
  expect((await server.post(`${path}/no/approve`)).body.error.code).toBe("NODE_NOT_WAITING");
});

test("a denial fails the run unless continueOnFail, and skipIf asks no question", async () => {
  const { server, runId, path } = await asking(`
    <Approval id="skipped" skipIf output={outputs.decision} request={{ title: "?" }} />
    <Approval id="unknown" skipIf mode="select" options={[]} output={outputs.result} request={{ title: "?" }} />
    <Timer id="untold" skipIf until={undefined} />
    <Approval id="ok" dependsOn={["skipped"]} continueOnFail output={outputs.decision} request={{ title: "?" }} />
    <Task id="after" output={outputs.result}>{{ value: 1 }}</Task>`);
  await server.post(`${path}/ok/deny`, { decidedBy: "ann" });
  expect(await server.end(runId)).toMatchObject({
    status: "finished",
    summary: { skipped: 3, failed: 1, finished: 1 },
  });
});

test("an approval that was granted is not asked again when the run is resumed", async () => {
  const tree = (output: string) =>
    workflowFile(`<Approval id="ok" output={outputs.${output}} request={{ title: "?" }} />`, { schemas });
  const root = folder({ "w.tsx": tree("noted") });
  const server = await serve(root);
  const runId = await server.start("w.tsx");
  await asked(server, runId, 1);
  await server.approvals.approve(runId, "ok");
  expect(await server.end(runId)).toMatchObject({ status: "failed", error: { code: "INVALID_OUTPUT" } });
  write(root, { "w.tsx": tree("decision") });
  await server.runs.resume(runId);
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { approved: true } });
});

test.each([
  ["a number", "result", "", "value: Invalid input"],
  ["a selection", "choice", "", "selected: Invalid input"],
  [
    "a decision without its choice",
    "picked",
    'mode="select" options={["a", "b"]}',
    'selected: Invalid input: expected "a"',
  ],
  ["a note that must be there", "note", "", "note: Invalid input: expected string, received null"],
  ["a name that must be there", "name", "", "decidedBy: Invalid input: expected string, received null"],
  ["what may not be denied", "granted", 'onDeny="continue"', "approved: Invalid input: expected true"],
])("an output for %s cannot hold a decision, and nobody is asked", async (_, output, props, problem) => {
  const tree = `<Approval id="ok" output={outputs.${output}} ${props} request={{ title: "?" }} />`;
  const more = `picked: z.object({ selected: z.enum(["a"]) }), note: z.object({ note: z.string() }),
    name: z.object({ decidedBy: z.string() }), granted: z.object({ approved: z.literal(true) })`;
  const server = await serve(folder({ "w.tsx": workflowFile(tree, { schemas: `${schemas}, ${more}` }) }));
  const runId = await server.start("w.tsx");
  const { status, error } = (await server.end(runId)) as { status: string; error: { code: string; message: string } };
  expect({ status, code: error.code }).toEqual({ status: "failed", code: "INVALID_WORKFLOW" });
  expect(error.message).toContain(`<Approval id="ok">: the output "${output}" cannot hold a decision: ${problem}`);
  for await (const { event } of server.events(runId)) expect(event.type).not.toBe("ApprovalRequested");
});

test("an output may name some fields of a decision, bound its texts, or be anything", async () => {
  const outputs = ["yes", "said", "any", "record", "granted", "later"];
  const tree = outputs.map((key) => `<Approval id="${key}" output="${key}" request={{ title: "?" }} />`).join("");
  const more = `yes: z.object({ approved: z.boolean() }), said: z.object({ note: z.string().max(2).nullable() }),
    any: z.any(), record: z.record(z.string(), z.unknown()), granted: z.object({ approved: z.literal(true) }),
    later: approvalDecisionSchema.refine(async () => true)`;
  const root = folder({ "w.tsx": workflowFile(`<Parallel>${tree}</Parallel>`, { schemas: more }) });
  const server = await serve(root);
  const runId = await server.start("w.tsx");
  await asked(server, runId, outputs.length);
  for (const id of outputs) await server.approvals.approve(runId, id, { note: "ok" });
  expect(await server.end(runId)).toMatchObject({ status: "finished", summary: { finished: outputs.length } });
});

test("an answer to a question that was edited meanwhile is refused, and the new question is asked", async () => {
  const tree = (title: string) =>
    workflowFile(`<Approval id="ok" output={outputs.decision} request={{ title: "${title}" }} />`, { schemas });
  const root = folder({ "w.tsx": tree("Ship to STAGING?") });
  const server = await serve(root);
  const runId = await server.start("w.tsx");
  await asked(server, runId, 1);
  const path = `/v1/runs/${runId}/nodes/ok/approve`;
  const { requestedAtMs } = (await pending(server))[0]!;
  write(root, { "w.tsx": tree("Ship to PRODUCTION?") });
  await server.until(runId, ({ type }) => type === "RunStatusChanged");
  await server.runs.resume(runId);
  await asked(server, runId, 2);
  const late = await server.post(path, { requestedAtMs });
  expect([late.status, late.body.error.code]).toEqual([409, "NODE_NOT_WAITING"]);
  expect(late.body.error.message).toContain('The question of "ok" has changed since');
  const now = (await pending(server))[0]!;
  expect(now.requestTitle).toBe("Ship to PRODUCTION?");
  expect(now.requestedAtMs).toBeGreaterThan(requestedAtMs);
  expect((await server.post(path, { requestedAtMs: now.requestedAtMs })).status).toBe(200);
  expect((await server.end(runId)).status).toBe("finished");
  expect((await server.post(path, { requestedAtMs: now.requestedAtMs })).status).toBe(200);
});

test("a question that ends in half of a character is asked once, and decided", async () => {
  const { server, runId, path } = await asking(
    `<Approval id="ok" output={outputs.decision} request={{ title: "Ship it \u{1f680}".slice(0, 9), summary: "\ud83d" }} />`,
  );
  expect(await pending(server)).toMatchObject([{ requestTitle: "Ship it \ufffd", requestSummary: "\ufffd" }]);
  expect((await server.post(`${path}/ok/approve`)).status).toBe(200);
  expect((await server.end(runId)).status).toBe("finished");
});
