const file = (schemas: string, tree: string) => `/** @jsxImportSource smithers-orchestrator */
import { Approval, Loop, Parallel, Sequence, Task, Timer, WaitForEvent, Workflow, approvalDecisionSchema, createSmithers } from "smithers-orchestrator";
import { z } from "zod";
const { smithers, outputs } = createSmithers({ ${schemas} });
export default smithers((ctx) => (
  <Workflow name="bench">
    ${tree}
  </Workflow>
));
`;

const result = "result: z.object({ n: z.number() })";
const tasks = (body = "({ n })") => `{Array.from({ length: ctx.input.length }, (_, n) => (
      <Task key={n} id={"task" + n} output={outputs.result}>{async () => ${body}}</Task>
    ))}`;

/** The workflow files of the benchmarks, by name. */
export const workflows = {
  "bench-one.tsx": file(result, '<Task id="one" output={outputs.result}>{async () => ({ n: 1 })}</Task>'),
  /** Keeps its worker from answering for some seconds. */
  "bench-blocking.tsx": file(
    result,
    '<Task id="block" output={outputs.result}>{async () => { const until = Date.now() + 8_000; while (Date.now() < until); return { n: 1 }; }}</Task>',
  ),
  "bench-sequence.tsx": file(result, tasks()),
  /** Each step depends on the output of the previous one in the tree, so every step is rendered again. */
  "bench-reading.tsx": file(
    result,
    `{Array.from({ length: ctx.input.length }, (_, n) => {
      const before = n === 0 ? undefined : ctx.outputMaybe(outputs.result, { nodeId: "task" + (n - 1) });
      return <Task key={n} id={"task" + n} output={outputs.result}>{async () => ({ n: (before?.n ?? 0) + 1 })}</Task>;
    })}`,
  ),
  /** The same with literals: only rendering lies between one and the next. */
  "bench-reading-literals.tsx": file(
    result,
    `{Array.from({ length: ctx.input.length }, (_, n) => {
      const before = n === 0 ? undefined : ctx.outputMaybe(outputs.result, { nodeId: "task" + (n - 1) });
      return <Task key={n} id={"task" + n} output={outputs.result}>{{ n: (before?.n ?? 0) + 1 }}</Task>;
    })}`,
  ),
  "bench-fan-out.tsx": file(result, `<Parallel>${tasks()}</Parallel>`),
  /** Each iteration reads the loop's progress, as loops do. */
  "bench-loop.tsx": file(
    result,
    `<Loop id="loop" until={ctx.iterationCount(outputs.result, "step") >= ctx.input.length} maxIterations={100000}>
      <Task id="step" output={outputs.result}>{async () => ({ n: ctx.iteration })}</Task>
    </Loop>`,
  ),
  /** Steps that take a while, so that each event is sent on its own. */
  "bench-paced.tsx": file(
    result,
    tasks("{ await new Promise((go) => setTimeout(go, ctx.input.pauseMs)); return { n }; }"),
  ),
  "bench-approval.tsx": file(
    "decision: approvalDecisionSchema",
    '<Approval id="ask" output={outputs.decision} request={{ title: "Go on?" }} />',
  ),
  "bench-signal.tsx": file(result, '<WaitForEvent id="wait" event="go" output={outputs.result} />'),
  /** Each output has 5 MB of JSON. */
  "bench-large.tsx": file(
    "result: z.object({ text: z.string() })",
    tasks('{ await new Promise((go) => setTimeout(go, 20)); return { text: String(n).padEnd(5e6, "x") }; }'),
  ),
  "bench-literals.tsx": file(
    result,
    `{Array.from({ length: ctx.input.length }, (_, n) => (
      <Task key={n} id={"task" + n} output={outputs.result}>{{ n }}</Task>
    ))}`,
  ),
  "bench-literal-loop.tsx": file(
    result,
    `<Loop id="loop" until={ctx.iterationCount(outputs.result, "step") >= ctx.input.length} maxIterations={100000}>
      <Task id="step" output={outputs.result}>{{ n: 1 }}</Task>
    </Loop>`,
  ),
  "bench-timer.tsx": file(result, '<Timer id="wait" until={ctx.input.until} />'),
  /** Every kind of node, for the soak test. */
  "bench-mixed.tsx": file(
    `${result}, decision: approvalDecisionSchema`,
    `<Sequence>
      <Task id="first" output={outputs.result}>{async () => ({ n: 0 })}</Task>
      <Parallel maxConcurrency={4}>${tasks()}</Parallel>
      <Timer id="timer" duration="50ms" />
      <Approval id="ask" output={outputs.decision} request={{ title: "Go on?" }} />
      <WaitForEvent id="wait" event="go" output={outputs.result} />
    </Sequence>`,
  ),
} as const;

export type WorkflowName = keyof typeof workflows;
