import { workflowFile } from "./workflows.ts";

/** Workflows that end, fail and wait in the ways that somebody at a command line meets. */
export const cliWorkflows = {
  "done.tsx": workflowFile(
    `<Task id="build" output={outputs.result}>{() => ({ value: ctx.input.version ?? 1 })}</Task>`,
  ),
  "broken.tsx": workflowFile(
    `<Task id="build" output={outputs.result}>{1}</Task>
    <Task id="publish" output={outputs.result} noRetry>{() => {
      if (!existsSync(ctx.input.needs)) throw new Error("the registry is closed");
      return { value: "published" };
    }}</Task>`,
    { schemas: "result: z.any()" },
  ),
  "release.tsx": workflowFile(
    `<Approval id="ship" output={outputs.decision} request={{ title: "Ship it?", summary: "Version 2" }} />
    <Task id="publish" output={outputs.result}>{() => ({ value: "published" })}</Task>`,
    { schemas: "result: z.any(), decision: approvalDecisionSchema" },
  ),
  "paid.tsx": workflowFile(
    `<WaitForEvent id="paid" event="payment" correlationId="order-17" output={outputs.result} />`,
    { schemas: "result: z.any()" },
  ),
  "choices.tsx": workflowFile(
    `<Parallel>
      <Approval id="size" mode="select" options={[{ key: "small", label: "Small" }, { key: "large", label: "Large" }]}
        output={outputs.size} request={{ title: "Which size?" }} />
      <Approval id="order" mode="rank" options={[{ key: "tea", label: "Tea" }, { key: "milk", label: "Milk" }]}
        output={outputs.order} request={{ title: "What goes in?" }} />
    </Parallel>`,
    {
      head: `import { approvalRankingSchema, approvalSelectionSchema } from "smithers-orchestrator";`,
      schemas: "size: approvalSelectionSchema, order: approvalRankingSchema",
    },
  ),
} as const;
