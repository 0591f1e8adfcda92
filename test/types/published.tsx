/** @jsxImportSource smithers-orchestrator */
/** Types of programs written for the published package; `npm run check` compiles it and nothing runs it. */
import {
  type AgentLike,
  createSmithers,
  Loop,
  type RunOptions,
  Sequence,
  type SmithersCtx,
  type SmithersWorkflow,
} from "smithers-orchestrator";
import { z } from "zod";

/** What a folder of workflows may share. */
function inMemory<S extends Record<string, z.ZodObject>>(schemas: S) {
  return createSmithers(schemas, { dbPath: ":memory:" });
}

function fake(id: string, answer: (prompt: string) => unknown, tools?: Record<string, unknown>): AgentLike {
  return {
    id,
    tools,
    async generate({ prompt }) {
      return { output: answer(prompt) };
    },
  };
}

const { Workflow, Task, smithers, outputs } = inMemory({
  plan: z.object({ files: z.array(z.object({ path: z.string() })) }),
  review: z.object({ approved: z.boolean(), issues: z.array(z.string()) }),
  report: z.object({ approved: z.boolean(), rounds: z.number() }),
});
const planner = fake("planner", () => ({ files: [] }));

const workflow = smithers((ctx) => {
  const plan = ctx.outputMaybe("plan", { nodeId: "plan" });
  const reviews = ctx.outputs.review ?? [];
  const latest = reviews[reviews.length - 1];
  return (
    <Workflow name="published">
      <Sequence>
        <Task id="plan" output={outputs.plan} agent={planner} retries={1} timeoutMs={300_000}>
          {`Plan ${ctx.input.goal ?? "it"}`}
        </Task>
        {plan && (
          <Loop until={latest?.approved ?? false} maxIterations={ctx.input.rounds ?? 3} onMaxReached="return-last">
            {plan.files.map(({ path }) => (
              <Task key={path} id={`review-${path}`} output={outputs.review} agent={planner} continueOnFail>
                {path}
              </Task>
            ))}
          </Loop>
        )}
        <Task id="report" output={outputs.report} skipIf={!plan}>
          {{ approved: latest?.approved ?? false, rounds: reviews.length }}
        </Task>
      </Sequence>
    </Workflow>
  );
});

export const all: readonly { id: string; workflow: SmithersWorkflow<any>; options: Partial<RunOptions> }[] = [
  { id: "published", workflow, options: { maxConcurrency: 2 } },
];

export const goalOf = (ctx: SmithersCtx<any>): unknown => ctx.input.goal;

export default workflow;
