import { describe, expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { serve, type TestServer } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const schemas = `decision: approvalDecisionSchema, result: z.object({ value: z.any() }),
  choice: approvalDecisionSchema.extend({ selected: z.string() }), order: approvalDecisionSchema.extend({ ranked: z.array(z.string()) })`;
const workflow = (tree: string) => workflowFile(tree, { schemas });
const files = {
  "ask.tsx": workflow(`
    <Task id="before" output={outputs.result}>{() => ({ value: 1 })}</Task>
    <Approval id="ok" output={outputs.decision} label="Ship" request={{ title: "Ship it?", summary: "v2", metadata: { risk: 1 } }} />`),
  "go-on.tsx": workflow(`<Approval id="ok" output={outputs.decision} onDeny="continue" request={{ title: "?" }} />`),
  "pick.tsx": workflow(
    `<Approval id="ok" mode="select" options={["a", "b"]} output={outputs.choice} request={{ title: "?" }} />`,
  ),
  "rank.tsx": workflow(
    `<Approval id="ok" mode="rank" options={["a", "b", "c"]} output={outputs.order} request={{ title: "?" }} />`,
  ),
};

async function waiting(file: keyof typeof files): Promise<{ server: TestServer; runId: string; path: string }> {
  const server = await serve(folder(files));
  const runId = await server.start(file);
  await server.until(runId, ({ type }) => type === "NodeWaitingApproval");
  return { server, runId, path: `/v1/runs/${runId}/nodes` };
}

describe("a decision", () => {
  test("to deny fails the run unless onDeny says otherwise", async () => {
    const { server, runId, path } = await waiting("ask.tsx");
    expect((await server.post(`${path}/ok/deny`, { note: "no" })).body).toEqual({ runId });
    expect(await server.end(runId)).toMatchObject({
      status: "failed",
      error: { code: "APPROVAL_DENIED", nodeId: "ok" },
    });
  });

  test("to deny goes on where the workflow wants it", async () => {
    const { server, runId, path } = await waiting("go-on.tsx");
    await server.post(`${path}/ok/deny`);
    expect(await server.end(runId)).toMatchObject({ status: "finished", output: { approved: false, note: null } });
  });

  test.each([
    ["a node that does not exist", "none/approve", {}, 404, "NODE_NOT_FOUND"],
    ["an iteration that does not exist", "ok/approve", { iteration: 3 }, 404, "NODE_NOT_FOUND"],
    ["a node that waits for nothing", "before/approve", {}, 409, "NODE_NOT_WAITING"],
    ["a node that waits for nothing, denied", "before/deny", {}, 409, "NODE_NOT_WAITING"],
  ])("on %s is refused", async (_, way, given, status, code) => {
    const { server, path } = await waiting("ask.tsx");
    const answer = await server.post(`${path}/${way}`, given);
    expect([answer.status, answer.body.error.code]).toEqual([status, code] as never);
  });

  test("on a cancelled run is refused", async () => {
    const { server, runId, path } = await waiting("ask.tsx");
    await server.post(`/v1/runs/${runId}/cancel`);
    const { status, body } = await server.post(`${path}/ok/approve`);
    expect([status, body.error.code]).toEqual([409, "NODE_NOT_WAITING"]);
  });
});

describe("a selection", () => {
  test.each([{}, { selected: null }, { selected: "z" }, { selected: "" }])(
    "that fits no option is refused: %j",
    async (given) => {
      const { server, runId, path } = await waiting("pick.tsx");
      const { status, body } = await server.post(`${path}/ok/approve`, given);
      expect([status, body.error.code, body.error.details.field]).toEqual([400, "INVALID_REQUEST", "selected"]);
      expect((await server.run(runId)).status).toBe("waiting-approval");
    },
  );

  test("is part of the output", async () => {
    const { server, runId, path } = await waiting("pick.tsx");
    await server.post(`${path}/ok/approve`, { selected: "b" });
    expect((await server.end(runId)).output).toMatchObject({ approved: true, selected: "b" });
  });

  test.each([
    {},
    { ranked: [] },
    { ranked: ["a", "b"] },
    { ranked: ["a", "b", "b"] },
    { ranked: ["a", "b", "c", "d"] },
    { ranked: ["a", "b", "x"] },
  ])("that ranks not every option once is refused: %j", async (given) => {
    const { server, path } = await waiting("rank.tsx");
    const { status, body } = await server.post(`${path}/ok/approve`, given);
    expect([status, body.error.code, body.error.details.field]).toEqual([400, "INVALID_REQUEST", "ranked"]);
  });

  test("ranks in the order given", async () => {
    const { server, runId, path } = await waiting("rank.tsx");
    await server.post(`${path}/ok/approve`, { ranked: ["c", "a", "b"] });
    expect((await server.end(runId)).output).toMatchObject({ ranked: ["c", "a", "b"] });
  });
});

test("the Link header leads through all that is awaited, each once, also what was requested in one moment", async () => {
  const server = await serve(folder(files));
  const runIds = await Promise.all(Array.from({ length: 7 }, () => server.start("go-on.tsx")));
  await Promise.all(runIds.map((runId) => server.until(runId, ({ type }) => type === "NodeWaitingApproval")));
  const seen: string[] = [];
  for (let path = "/v1/approvals?limit=2"; path !== ""; ) {
    const { headers, body } = await server.get(path);
    expect(body.approvals.length).toBeLessThanOrEqual(2);
    seen.push(...body.approvals.map(({ runId }: { runId: string }) => runId));
    path = /^<(.+)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1] ?? "";
  }
  expect(seen.length).toBe(7);
  expect(new Set(seen)).toEqual(new Set(runIds));
});
