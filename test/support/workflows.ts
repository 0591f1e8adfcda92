/** A workflow file with one output, `result: { value }`, around the JSX of its tree. */
export function workflowFile(tree: string, options: { schemas?: string; head?: string; create?: string } = {}): string {
  const { schemas = "result: z.object({ value: z.any() })", head = "", create = "" } = options;
  return `/** @jsxImportSource smithers-orchestrator */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { Approval, Branch, Loop, Parallel, Sequence, Signal, Task, Timer, WaitForEvent, Workflow, approvalDecisionSchema, bash, createSmithers } from "smithers-orchestrator";
import { z } from "zod";
/** Resolves once there is a file at this path. */
const fileAt = async (path: string, signal?: AbortSignal) => {
  while (!existsSync(path)) { signal?.throwIfAborted(); await new Promise((resolve) => setTimeout(resolve, 5)); }
};
${head}
const { smithers, outputs } = createSmithers({ ${schemas} }${create});

export default smithers((ctx) => (
  <Workflow name="test">
    ${tree}
  </Workflow>
));
`;
}

export const echo = workflowFile(`<Task id="say" output={outputs.result}>{() => ({ value: ctx.input.msg })}</Task>`);
