import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ApprovalItem } from "../../src/client/index.ts";
import { eventually } from "../support/eventually.ts";
import { folder } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { sharedServer } from "../support/shared-server.ts";

const { smithers } = hostedCommands({ executes: true });

/** A workflow that asks a person for a review, and notes what it says. */
const flow = (props = "", tree = "") => `/** @jsxImportSource smithers-orchestrator */
import { createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs, Workflow, Task, Sequence, HumanTask } = createSmithers({
  review: z.object({
    approved: z.boolean(),
    comments: z.string().min(3),
    severity: z.enum(["low", "high"]).default("low"),
  }).refine((review) => review.comments !== "bad", { path: ["comments"], message: "say more" }),
  summary: z.object({ status: z.any() }),
});
const grades = z.object({ grade: z.number() }).transform(({ grade }) => ({ approved: grade > 3, comments: "grade " + grade }));
export default smithers((ctx) => {
  const review = ctx.outputMaybe(outputs.review, { nodeId: "review" });
  return (
    <Workflow name="review">
      <HumanTask id="review" output={outputs.review} prompt="Is this good? Say why." ${props} />
      ${tree}
      {review && <Task id="record" output={outputs.summary}>{{ status: review }}</Task>}
    </Workflow>
  );
});
`;

const good = { approved: true, comments: "Well done" };

const serving = sharedServer();

async function asked(source = flow()) {
  const { server } = serving({ "flow.tsx": source });
  const runId = await server.start("flow.tsx");
  const times = async (count: number) => {
    let seen = 0;
    await server.until(runId, ({ type }) => type === "ApprovalRequested" && ++seen === count);
    // What an error tells depends on its code.
    return (await server.approvalsOf(runId))[0] as ApprovalItem & { lastError: { details: any; message: string } };
  };
  const answer = (body: object) => server.post(`/v1/runs/${runId}/nodes/review/approve`, body);
  return { server, runId, times, answer };
}

test("a person is asked for a value of the output's schema, which is the node's output", async () => {
  const { server, runId, times, answer } = await asked();
  expect(await times(1)).toMatchObject({
    nodeId: "review",
    mode: "answer",
    requestTitle: "review",
    requestSummary: "Is this good? Say why.",
    asked: 1,
    maxAttempts: 10,
    dataSchema: {
      type: "object",
      required: ["approved", "comments"],
      properties: { severity: { enum: ["low", "high"] } },
    },
  });
  expect((await server.run(runId)).status).toBe("waiting-approval");
  expect((await answer({ data: good, decidedBy: "ann" })).status).toBe(200);
  const run = await server.end(runId);
  expect(run).toMatchObject({ status: "finished", output: { status: { ...good, severity: "low" } } });
  expect((await answer({ data: good })).status).toBe(200);
  expect((await answer({ data: { ...good, approved: false } })).body.error.code).toBe("NODE_NOT_WAITING");
});

test("an answer that does not fit is asked for again, and the question names the fields", async () => {
  const { server, runId, times, answer } = await asked();
  await times(1);
  expect((await answer({ data: { approved: "yes" } })).status).toBe(200);
  const again = await times(2);
  expect(again).toMatchObject({ asked: 2, lastError: { code: "INVALID_OUTPUT" }, lastAnswer: { approved: "yes" } });
  expect(again.lastError.details.issues.map(({ path }: { path: string[] }) => path)).toEqual([
    ["approved"],
    ["comments"],
  ]);
  // A rule that no JSON Schema can tell.
  await answer({ data: { ...good, comments: "bad" }, requestedAtMs: again.requestedAtMs });
  expect((await times(3)).lastError.details.issues).toMatchObject([{ path: ["comments"], message: "say more" }]);
  expect((await answer({ data: good, requestedAtMs: again.requestedAtMs })).body.error.code).toBe("NODE_NOT_WAITING");
  expect((await answer({ data: good })).status).toBe(200);
  expect((await server.end(runId)).status).toBe("finished");
});

test("maxAttempts answers that do not fit fail the node, and a retry asks again", async () => {
  const { server, runId, times, answer } = await asked(flow("maxAttempts={2}"));
  await times(1);
  await answer({ data: 1 });
  await times(2);
  await answer({ data: 2 });
  const run = await server.end(runId);
  expect(run).toMatchObject({ status: "failed", error: { code: "INVALID_OUTPUT", nodeId: "review" } });
  expect(run.error!.message).toContain("2 answers and none that fits");
  await server.runs.retry(runId, "review");
  expect(await times(3)).toMatchObject({ asked: 1 });
  await answer({ data: good });
  await eventually(async () => (await server.run(runId)).status === "finished");
});

test("the note may hold the answer as JSON, as clients of the published package send it", async () => {
  const { server, runId, times, answer } = await asked();
  await times(1);
  const { status, body } = await answer({ decidedBy: "ann" });
  expect([status, body.error.code, body.error.details.field]).toEqual([400, "INVALID_REQUEST", "data"]);
  await answer({ note: "looks fine" });
  expect((await times(2)).lastError.message).toContain("does not fit");
  await answer({ note: JSON.stringify(good) });
  expect(await server.end(runId)).toMatchObject({ status: "finished", output: { status: good } });
});

test("a denial fails the node, and data is refused where no answer is asked for", async () => {
  const { server, runId, times } = await asked();
  await times(1);
  await server.approvals.deny(runId, "review", { note: "no time" });
  expect(await server.end(runId)).toMatchObject({ status: "failed", error: { code: "APPROVAL_DENIED" } });
  const plain = await asked(
    flow().replace(
      /<HumanTask[^>]*>/,
      '<Task id="review" needsApproval output={outputs.review}>{{ approved: true, comments: "fine" }}</Task>',
    ),
  );
  await plain.times(1);
  expect((await plain.answer({ data: {} })).body.error).toMatchObject({
    code: "INVALID_REQUEST",
    details: { field: "data" },
  });
});

test("timeoutMs, outputSchema, async and elements as the prompt", async () => {
  const late = await asked(flow("timeoutMs={30}"));
  expect(await late.server.end(late.runId)).toMatchObject({ status: "failed", error: { code: "APPROVAL_TIMEOUT" } });
  const { server, runId, times, answer } = await asked(
    flow("outputSchema={grades} async", '<Task id="other" output={outputs.summary}>{{ status: 1 }}</Task>').replace(
      'prompt="Is this good? Say why."',
      "prompt={<><p>Grade <b>this</b></p><p>From 1 to 5.</p></>}",
    ),
  );
  await server.until(runId, (event) => event.type === "NodeFinished" && event.nodeId === "other");
  expect(await times(1)).toMatchObject({
    requestSummary: "Grade **this**\n\nFrom 1 to 5.",
    dataSchema: { required: ["grade"] },
  });
  await answer({ data: { grade: 5 } });
  expect(await server.end(runId)).toMatchObject({
    status: "finished",
    output: { status: { approved: true, comments: "grade 5", severity: "low" } },
  });
});

test("an answer and how often it was asked for survive the death of the server", async () => {
  const root = folder({ "flow.tsx": flow("maxAttempts={3}") });
  const first = await ServerProcess.start(root, withoutWorkers);
  const runId = await first.start("flow.tsx");
  await first.until(runId, ({ type }) => type === "ApprovalRequested");
  await first.approvals.approve(runId, "review", { data: {} });
  await first.until(runId, (event) => event.type === "ApprovalRequested" && event.asked === 2);
  await first.kill();
  const second = await ServerProcess.start(root, withoutWorkers);
  const [item] = await second.approvals.list();
  expect(item).toMatchObject({ asked: 2, maxAttempts: 3, lastError: { code: "INVALID_OUTPUT" } });
  // Killed as soon as the answer is recorded, whether the run has taken it in or not.
  await second.approvals.approve(runId, "review", { data: good });
  await second.kill();
  const third = await ServerProcess.start(root, withoutWorkers);
  await eventually(async () => (await third.run(runId)).status === "finished");
  expect((await third.run(runId)).output).toEqual({ status: { ...good, severity: "low" } });
});

test("an edit of the schema while the question is open asks it again", async () => {
  const { root, server } = serving({ "flow.tsx": flow() });
  const runId = await server.start("flow.tsx");
  await server.until(runId, ({ type }) => type === "ApprovalRequested");
  writeFileSync(join(root, "flow.tsx"), flow().replace('["low", "high"]', '["low", "high", "top"]'));
  await server.approvals.approve(runId, "review", { data: {} });
  const severities = async () => ((await server.approvalsOf(runId))[0]?.dataSchema as any)?.properties.severity.enum;
  // Refused while the turn of the answer is under way.
  await server.post(`/v1/runs/${runId}/resume`);
  await eventually(async () => (await severities())?.length === 3 || undefined);
});

test("the command answers, and why shows what is asked for and what did not fit", async () => {
  const root = folder({ "review.tsx": readFileSync(new URL("../../examples/review.tsx", import.meta.url), "utf8") });
  const started = await smithers(root, "up", "review.tsx", "--run-id", "r", "--input", '{"text":"Hello"}');
  expect(started.code).toBe(3);
  const unanswered = await smithers(root, "approve", "r");
  expect(unanswered.err).toContain(`--data '{"verdict":"publish"`);
  expect((await smithers(root, "approve", "r", "--data", '{"verdict":"burn"}')).code).toBe(0);
  await smithers(root, "resume", "r");
  const why = await smithers(root, "why", "r");
  expect(why.out).toContain("is waiting for an answer");
  expect(why.out).toContain("The answer does not fit: verdict");
  expect(why.out).not.toContain("details.issues");
  await smithers(root, "approve", "r", "review", "--data", '{"verdict":"publish"}');
  const ended = await smithers(root, "resume", "r", "--json");
  expect(JSON.parse(ended.out)).toMatchObject({ status: "finished", output: { summary: "publish" } });
});
