/** @jsxImportSource smithers-orchestrator */
/** What the compiler must accept and refuse; `npm run check` compiles it and nothing runs it. */
import { Output, ToolLoopAgent } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { createSmithers, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs, Task } = createSmithers({ review: z.object({ ok: z.boolean() }), note: z.string() });

const model = new MockLanguageModelV3();
const plain = { generate: async ({ prompt }: { prompt: string }) => prompt };
const toolLoop = new ToolLoopAgent({ model });
const structured = new ToolLoopAgent({ model, output: Output.object({ schema: z.object({ ok: z.boolean() }) }) });

export default smithers(() => (
  <Workflow name="agents">
    <Task id="a" output={outputs.review} agent={toolLoop}>
      Review it.
    </Task>
    <Task id="b" output={outputs.review} agent={[structured, plain]} fallbackAgent={toolLoop}>
      <p>Review it.</p>
    </Task>
    <Task id="c" output={outputs.review} agent={plain} deps={{ note: outputs.note }}>
      {({ note }) => <p>{note.trim()}</p>}
    </Task>
    <Task id="d" output={outputs.review} agent={plain} deps={{ note: outputs.note }}>
      {async ({ note }) => note.trim()}
    </Task>

    {/* @ts-expect-error an agent has generate() */}
    <Task id="e" output={outputs.review} agent={{}}>
      Review it.
    </Task>
    {/* @ts-expect-error a prompt is no object */}
    <Task id="f" output={outputs.review} agent={plain}>
      {{ ok: true }}
    </Task>
    <Task id="g" output={outputs.review} agent={plain} deps={{ note: outputs.note }}>
      {/* @ts-expect-error there is no such dependency */}
      {({ text }) => text}
    </Task>
    {/* @ts-expect-error text without an agent is no review */}
    <Task id="h" output={outputs.review}>
      Review it.
    </Task>
  </Workflow>
));
