import { workflowFile } from "../support/workflows.ts";

/** What people look at: a run with groups, a loop, a retry, prints, a question, a signal. */
export const release = workflowFile(
  `<Task id="checkout" output={outputs.result}>{() => { console.log("checked out"); return { value: { files: ["a.ts", "b.ts"], sizes: { total: 12 } } }; }}</Task>
   <Parallel maxConcurrency={2}>
     <Task id="lint" label="Lint the code" output={outputs.result}>{{ value: 1 }}</Task>
     <Task id="flaky" output={outputs.result} retryPolicy={{ backoff: "fixed", initialDelayMs: 1 }}>
       {({ attempt }) => { if (attempt < 3) throw new Error("the network was away"); return { value: 2 }; }}
     </Task>
   </Parallel>
   <Loop id="review" until={ctx.iterationCount("result", "critique") >= 3}>
     <Task id="critique" output={outputs.result}>{() => ({ value: "fine" })}</Task>
   </Loop>
   <Approval id="ship" output={outputs.decision} onDeny="continue"
     request={{ title: "Ship 1.2 to everyone?", summary: "All green.", metadata: { risk: "low" } }} />
   <WaitForEvent id="announced" event="announced" output={outputs.announcement} />`,
  {
    schemas:
      "result: z.object({ value: z.any() }), decision: approvalDecisionSchema, announcement: z.object({ url: z.string(), readers: z.number().int().positive() })",
  },
).replace('name="test"', 'name="release"');

export const typed = workflowFile(`<Task id="send" output={outputs.result}>{{ value: ctx.input }}</Task>`, {
  schemas: `input: z.object({ to: z.email(), times: z.number().int().min(1).default(3), urgent: z.boolean().optional() })
    .refine(({ to }) => to !== "taken@example.org", { path: ["to"], message: "This address is taken." }),
    result: z.object({ value: z.any() })`,
}).replace('name="test"', 'name="typed"');

export const fails = workflowFile(
  `<Task id="upload" output={outputs.result} noRetry>{() => { if (!existsSync(ctx.input.gate as string)) throw new Error("The bucket is full."); return { value: 1 }; }}</Task>`,
).replace('name="test"', 'name="fails"');

export const ask = workflowFile(
  `<Approval id="ok" output={outputs.decision} request={{ title: \`Is \${ctx.input.name} right?\` }} />`,
  { schemas: "decision: approvalDecisionSchema" },
).replace('name="test"', 'name="ask"');

export const answer = workflowFile(
  `<HumanTask id="review" label="How good is it?" prompt="Read it, and grade it." output={outputs.review} maxAttempts={3} />`,
  {
    head: `import { HumanTask } from "smithers-orchestrator";`,
    schemas: `review: z.object({ grade: z.number().int().min(1), comment: z.string() })
      .refine(({ comment }) => comment !== "meh", { path: ["comment"], message: "Say more than that." })`,
  },
).replace('name="test"', 'name="answer"');

export const choose = workflowFile(
  `<Approval id="team" mode="select" options={["core", { key: "web", label: "The web team" }]} output={outputs.one} request={{ title: "Which team?" }} />
   <Approval id="order" mode="rank" options={["fix", "test", "tell"]} output={outputs.order} request={{ title: "Which first?" }} />`,
  {
    head: `import { approvalRankingSchema, approvalSelectionSchema } from "smithers-orchestrator";`,
    schemas: "one: approvalSelectionSchema, order: approvalRankingSchema",
  },
).replace('name="test"', 'name="choose"');

/** A step every 60 ms. */
export const paced = workflowFile(
  `<Loop id="l" until={ctx.iterationCount("result", "t") >= 60} maxIterations={99}>
    <Task id="t" output={outputs.result}>{async () => { await new Promise((end) => setTimeout(end, 60)); console.log("step", ctx.iteration); return { value: 1 }; }}</Task>
  </Loop>`,
).replace('name="test"', 'name="paced"');

export const many = workflowFile(
  `<Parallel>{Array.from({ length: 2000 }, (_, n) => <Task key={n} id={\`page-\${n}\`} output={outputs.result}>{{ value: n }}</Task>)}</Parallel>`,
).replace('name="test"', 'name="many"');

/** An agent that is asked twice, calls a tool, and uses tokens. */
export const asking = workflowFile(`<Task id="think" output={outputs.result} agent={agent}>Is the sky blue?</Task>`, {
  head: `import { defineTool } from "smithers-orchestrator";
      const look = defineTool({ name: "look", description: "Looks.", schema: z.object({ where: z.string() }), execute: () => "blue" });
      let asked = 0;
      const agent = { id: "thinker", async generate({ onStdout }) {
        asked += 1;
        onStdout("thinking aloud");
        await look({ where: "up there" });
        const usage = { inputTokens: 1200, outputTokens: 34 };
        return { text: asked === 1 ? "yes" : '{"value":"yes"}', usage, response: { modelId: "model-x" } };
      } };`,
}).replace('name="test"', 'name="asking"');

/** A signal that may be anything; then a finished run with an iteration that was never begun. */
export const anything = workflowFile(
  `<WaitForEvent id="told" event="told" output={outputs.result} />
   <Loop id="outer" until={ctx.iterationCount("result", "in") >= 2}>
     <Sequence>
       <Loop id="inner" until={false} maxIterations={3} onMaxReached="return-last">
         <Task id="in" output={outputs.result}>{() => ({ value: 1 })}</Task>
       </Loop>
     </Sequence>
   </Loop>`,
).replace('name="test"', 'name="anything"');
