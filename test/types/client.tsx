/** @jsxImportSource smithers-orchestrator */
/** What the compiler must accept and refuse; `npm run check` compiles it and nothing runs it. */
import { createSmithers, runWorkflow, Workflow } from "smithers-orchestrator";
import { createClient, type RunEvent } from "smithers-orchestrator/client";
import { z } from "zod";

const workflow = createSmithers({
  input: z.object({ topic: z.string(), depth: z.number().default(1) }),
  review: z.object({ ok: z.boolean(), at: z.date(), tags: z.array(z.string()) }),
}).smithers(() => <Workflow name="typed" />);

const needsNothing = createSmithers({ input: z.object({ topic: z.string().optional() }), note: z.string() }).smithers(
  () => <Workflow name="needs-nothing" />,
);

const untyped = createSmithers({ note: z.string() }).smithers(() => <Workflow name="untyped" />);

const client = createClient({ url: "http://localhost:7331", token: "secret", headers: { "x-team": "a" }, fetch });
const { runs, approvals, signals } = client;
const workflowPath = "typed.tsx";

export async function starts() {
  const { runId }: { runId: string } = await runs.start<typeof workflow>({ workflowPath, input: { topic: "x" } });
  await runs.start<typeof workflow>({ workflowPath, input: { topic: "x", depth: 2 }, runId, idempotencyKey: "k" });
  await runs.start<typeof needsNothing>({ workflowPath });
  await runs.start<typeof untyped>({ workflowPath, input: { whatever: 1 } });
  await runs.start({ workflowPath, input: { whatever: 1 }, config: { maxConcurrency: 2 } });
  await runs.start({ workflowPath });

  // @ts-expect-error the workflow needs an input
  await runs.start<typeof workflow>({ workflowPath });
  // @ts-expect-error the topic is a text
  await runs.start<typeof workflow>({ workflowPath, input: { topic: 1 } });
  // @ts-expect-error the input has no such field
  await runs.start<typeof workflow>({ workflowPath, input: { topic: "x", topics: [] } });
  // @ts-expect-error an input is an object
  await runs.start({ workflowPath, input: "x" });
  // @ts-expect-error a file is named
  await runs.start({ input: {} });
}

export async function reads(runId: string, stop: AbortSignal) {
  const { status, output } = await runs.wait<typeof workflow>(runId, { signal: stop });
  const review: { ok: boolean; at: string; tags: string[] } | undefined = output;
  const note: string | undefined = (await runs.get<typeof needsNothing>(runId)).output;
  const anything: unknown = (await runs.get(runId)).output;
  // @ts-expect-error the output is not known without the workflow
  (await runs.get(runId)).output.ok;
  // @ts-expect-error there is no such status
  if (status === "done") return;

  for await (const event of runs.events(runId, { afterSeq: 3, signal: stop })) {
    const seq: number = event.seq;
    if (event.type === "NodeFailed") said(seq, event.nodeId, event.error.message);
  }
  for await (const { runState } of runs.list({ status: "failed", workflow: "w", limit: 10 })) said(runState.state);
  const { items, nextCursor } = await runs.list().page();
  said(items[0]?.runId, nextCursor?.length);
  for await (const { nodeId, state } of runs.nodes(runId)) said(nodeId, state);
  const { attempts, toolCalls } = await runs.node(runId, "review", 2);
  said(attempts[0]?.error?.code, toolCalls[0]?.toolName);
  for await (const { xmlJson } of runs.frames(runId, { afterFrameNo: 2 })) said(xmlJson);
  const [first] = await approvals.list();
  await approvals.approve(runId, first!.nodeId, { note: "fine", decidedBy: "ann" });
  await approvals.deny(runId, "ship");
  const { signalName }: { signalName: string } = await signals.send(runId, "paid", { data: 1, correlationId: "o-1" });
  said(review?.at, note, anything, signalName);
}

function said(..._: unknown[]): void {}

export const seqOf = ({ seq }: RunEvent): number => seq;

/** A workflow with schemas is still what runs anywhere. */
export const ran = runWorkflow(workflow, { input: { topic: "x" } });
