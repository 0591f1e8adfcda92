/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import { Output, stepCountIs, ToolLoopAgent, tool } from "ai";
import { MockLanguageModelV3 } from "ai/test";
import { type Agent, createSmithers, useCtx, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({
  review: z.object({ verdict: z.enum(["good", "bad"]), score: z.number() }),
  note: z.string(),
});

const usage = {
  inputTokens: { total: 10, noCache: 10, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 5, text: 5, reasoning: 0 },
};
type Content = Awaited<ReturnType<MockLanguageModelV3["doGenerate"]>>["content"];

/** A language model that says these things, one after the other. */
function modelSaying(...turns: (string | Content)[]): MockLanguageModelV3 {
  let turn = 0;
  return new MockLanguageModelV3({
    modelId: "mock-1",
    doGenerate: async () => {
      const said = turns[Math.min(turn++, turns.length - 1)]!;
      const content = typeof said === "string" ? [{ type: "text" as const, text: said }] : said;
      const calls = content.some(({ type }) => type === "tool-call");
      const unified = calls ? ("tool-calls" as const) : ("stop" as const);
      return { content, finishReason: { unified, raw: undefined }, usage, warnings: [] };
    },
  });
}

/** What the model was last asked. */
const lastPrompt = (model: MockLanguageModelV3) => JSON.stringify(model.doGenerateCalls.at(-1)!.prompt);

const good = '{"verdict":"good","score":9}';

/** Runs one task that asks an agent, with short delays between attempts. */
const ask = (agent: Agent | Agent[], props: Record<string, unknown> = {}, prompt: any = "Review it.") =>
  run(
    smithers(() => (
      <Workflow name="test">
        <Task id="review" output={outputs.review} agent={agent} retryPolicy={{ initialDelayMs: 1 }} {...props}>
          {prompt}
        </Task>
      </Workflow>
    )),
  );

test("a ToolLoopAgent of the AI SDK answers a task, and is told the prompt and the output's JSON Schema", async () => {
  const model = modelSaying(good);
  const ran = await ask(new ToolLoopAgent({ id: "reviewer", model, instructions: "Be kind." }));
  expect(ran).toMatchObject({ status: "finished", output: { verdict: "good", score: 9 } });
  expect(lastPrompt(model)).toContain("Review it.");
  expect(lastPrompt(model)).toContain("Be kind.");
  expect(lastPrompt(model)).toContain('\\"enum\\":[\\"good\\",\\"bad\\"]');
});

test("the tokens of every step are reported, with the agent and the model", async () => {
  const call: Content = [{ type: "tool-call", toolCallId: "1", toolName: "look", input: "{}" }];
  const look = tool({ description: "Looks.", inputSchema: z.object({}), execute: async () => "a file" });
  const model = modelSaying(call, good);
  const ran = await ask(new ToolLoopAgent({ id: "reviewer", model, tools: { look }, stopWhen: stepCountIs(5) }));
  expect(ran.output).toEqual({ verdict: "good", score: 9 });
  expect(ran.of("TokenUsageReported")).toEqual([
    expect.objectContaining({
      nodeId: "review",
      iteration: 0,
      attempt: 1,
      agent: "reviewer",
      model: "mock-1",
      inputTokens: 20,
      outputTokens: 10,
    }),
  ]);
  const types = ran.events.map(({ type }) => type);
  expect(types.indexOf("TokenUsageReported")).toBeLessThan(types.indexOf("NodeFinished"));
});

test("what an agent says step by step is in the event log", async () => {
  const first: Content = [
    { type: "text", text: "I look first." },
    { type: "tool-call", toolCallId: "1", toolName: "look", input: "{}" },
  ];
  const look = tool({ description: "Looks.", inputSchema: z.object({}), execute: async () => "a file" });
  const said = await ask(new ToolLoopAgent({ model: modelSaying(first, good), tools: { look } }));
  expect(said.of("NodeOutput").map(({ text, stream }) => [stream, text])).toEqual([
    ["stdout", `I look first.\n${good}\n`],
  ]);
  const printed = await ask({
    async generate({ onStdout, onStderr }: any) {
      onStdout("working");
      onStderr("a warning");
      return good;
    },
  });
  expect(printed.of("NodeOutput").map(({ text, stream }) => [stream, text])).toEqual([
    ["stdout", "working"],
    ["stderr", "a warning"],
  ]);
});

test("the structured output of an agent is used as it is", async () => {
  const output = Output.object({ schema: z.object({ verdict: z.string(), score: z.number() }) });
  const ran = await ask(new ToolLoopAgent({ model: modelSaying(good), output }));
  expect(ran.output).toEqual({ verdict: "good", score: 9 });
});

test("text that is not the structured output an agent wanted goes back like any other answer", async () => {
  const output = Output.object({ schema: z.object({ verdict: z.string(), score: z.number() }) });
  const model = modelSaying("Nice work!", good);
  const ran = await ask(new ToolLoopAgent({ model, output }));
  expect(ran).toMatchObject({ output: { verdict: "good", score: 9 }, nodes: { review: { attempt: 1 } } });
  expect(lastPrompt(model)).toContain("Nice work!");
  expect(ran.of("TokenUsageReported")).toHaveLength(2);
});

test("an answer that does not fit goes back to the agent with the issues, and does not count as a retry", async () => {
  const model = modelSaying('{"verdict":"fine","score":9}', good);
  const ran = await ask(new ToolLoopAgent({ model }), { retries: 0 });
  expect(ran).toMatchObject({ status: "finished", nodes: { review: { attempt: 1, failures: 0 } } });
  expect(lastPrompt(model)).toContain("verdict");
  expect(lastPrompt(model)).toContain('{\\"verdict\\":\\"fine\\",\\"score\\":9}');
  expect(ran.of("NodeRetrying")).toEqual([]);
});

test("an agent that never answers what fits is asked three times an attempt, and then the attempt fails", async () => {
  const model = modelSaying("I would rather not.");
  const ran = await ask(new ToolLoopAgent({ model }), { retries: 1 });
  expect(ran).toMatchObject({ status: "failed", error: { code: "AGENT_FAILED", nodeId: "review" } });
  expect(model.doGenerateCalls).toHaveLength(6);
  expect(ran.nodes.review!.attempt).toBe(2);
  expect(ran.error!.details).toMatchObject({ failures: [{ code: "INVALID_OUTPUT" }] });
});

const answers: [string, unknown][] = [
  ["text", good],
  ["text in a fence", `Here it is:\n\`\`\`json\n${good}\n\`\`\`\nDone.`],
  ["text around it", `I think it is {so}. The answer: ${good}`],
  ["the last of several fences", `\`\`\`json\n{"draft":1}\n\`\`\`\nNow:\n\`\`\`json\n${good}\n\`\`\``],
  ["{ text }", { text: good }],
  ["{ output }", { output: JSON.parse(good) }],
  ["{ object }", { object: JSON.parse(good) }],
  ["the value itself", JSON.parse(good)],
];

test.each([
  ["a name in braces", `${good} thanks {end}`],
  ["a note in brackets", `${good} as noted in [1]`],
  ["a list to tick off", `${good}\n- [x] done\n- [ ] not done`],
  ["code with braces", `${good}\n\`if (x) { return [] }\``],
  ["another object", `${good}\nI read package.json: {"name": "x"}`],
  ["brackets around it", `[1] {see} ${good} [2] {end}`],
  ["a bracket in a text of it", '{"verdict":"good","score":9,"why":"a } and a ] and \\" "} {x}'],
  ["an object that fits before it", `{"verdict":"bad","score":1} no, rather ${good}`],
  ["an opening bracket without end", `{ [ ${good}`],
])("JSON in an agent's prose is found next to %s", async (_, text) => {
  let asked = 0;
  const ran = await ask({
    generate: () => {
      asked += 1;
      return { text };
    },
  });
  expect(ran.output).toEqual({ verdict: "good", score: 9 });
  expect(asked).toBe(1);
});

test.each(answers)("an agent may answer with %s", async (_, answer) => {
  expect((await ask({ generate: () => answer })).output).toEqual({ verdict: "good", score: 9 });
});

test("an output that is text takes the answer as it is", async () => {
  const ran = await ask(new ToolLoopAgent({ model: modelSaying("All is well.") }), { output: outputs.note });
  expect(ran.output).toBe("All is well.");
});

test("an array is a chain of fallbacks, and fallbackAgent its last link", async () => {
  const asked: string[] = [];
  const failing = (name: string) => ({
    generate: () => {
      asked.push(name);
      throw new Error(`${name} is down`);
    },
  });
  const last = new ToolLoopAgent({ model: modelSaying(good) });
  const ran = await ask([failing("first"), failing("second")], { fallbackAgent: last });
  expect(asked).toEqual(["first", "second"]);
  expect(ran).toMatchObject({ output: { verdict: "good" }, nodes: { review: { attempt: 1 } } });
});

test("a fallbackAgent alone is the task's agent", async () => {
  const ran = await ask(undefined as never, { fallbackAgent: { generate: () => good } });
  expect(ran).toMatchObject({ status: "finished", output: { verdict: "good" } });
});

test("when each of them fails the attempt fails, is retried, and names what each said", async () => {
  let calls = 0;
  const down = (id: string) => ({
    id,
    generate: () => {
      calls += 1;
      throw new Error(`${id} is down`);
    },
  });
  const ran = await ask([down("a"), down("b")], { retries: 1 });
  expect(calls).toBe(4);
  expect(ran.error!.code).toBe("AGENT_FAILED");
  expect(ran.error!.details).toMatchObject({
    failures: [
      { agent: "a", message: "a is down" },
      { agent: "b", message: "b is down" },
    ],
  });
});

test("errors of agents that say they are final are not retried", async () => {
  let calls = 0;
  const refused = {
    generate: () => {
      calls += 1;
      throw Object.assign(new Error("no such model"), { isRetryable: false });
    },
  };
  expect((await ask(refused)).error).toMatchObject({ code: "AGENT_FAILED" });
  expect(calls).toBe(1);
});

test("abortSignal tells an agent of the cancellation, and its silence does not count as a heartbeat", async () => {
  let aborted = false;
  const silent = {
    generate: ({ abortSignal }: { abortSignal: AbortSignal }) =>
      new Promise((_, reject) =>
        abortSignal.addEventListener("abort", () => {
          aborted = true;
          reject(abortSignal.reason);
        }),
      ),
  };
  const ran = await ask(silent, { heartbeatTimeoutMs: 30, retries: 0 });
  expect(ran.error!.code).toBe("TASK_HEARTBEAT_TIMEOUT");
  expect(aborted).toBe(true);
});

test("a prompt is text, or elements that become Markdown", async () => {
  const asked: string[] = [];
  const agent = {
    generate({ prompt }: { prompt: string }) {
      asked.push(prompt.split("\n\nAnswer with one JSON value")[0]!);
      return good;
    },
  };
  const Rules = ({ rules }: { rules: string[] }) => (
    <ul>
      {rules.map((rule) => (
        <li key={rule}>{rule}</li>
      ))}
    </ul>
  );
  await ask(agent, {}, ["Review ", 2, " files."]);
  await ask(
    agent,
    {},
    <>
      <h2>Review</h2>
      <p>
        Look at <code>a.ts</code> and <strong>nothing</strong> else.
      </p>
      <Rules rules={["be kind", "be short"]} />
      <pre>{"if (a) {\n  b();\n}\n"}</pre>
      Thanks!
    </>,
  );
  expect(asked).toEqual([
    "Review 2 files.",
    "## Review\n\nLook at `a.ts` and **nothing** else.\n\n- be kind\n- be short\n\n```\nif (a) {\n  b();\n}\n```\n\nThanks!",
  ]);
});

test("a prompt may be a function of deps, that gives text or elements, at once or later", async () => {
  const asked: string[] = [];
  const agent = {
    generate({ prompt }: { prompt: string }) {
      asked.push(prompt.split("\n\nAnswer with one JSON value")[0]!);
      return good;
    },
  };
  const Told = ({ note }: { note: string }) => {
    const ctx = useCtx();
    return (
      <p>
        {note} from {ctx.input.who}
      </p>
    );
  };
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Task id="note" output={outputs.note}>
          Greetings
        </Task>
        <Task id="a" output={outputs.review} agent={agent} deps={{ note: outputs.note }}>
          {({ note }) => `Text: ${note}`}
        </Task>
        <Task id="b" output={outputs.review} agent={agent} deps={{ note: outputs.note }}>
          {({ note }) => <Told note={note} />}
        </Task>
        <Task id="c" output={outputs.review} agent={agent} deps={{ note: outputs.note }}>
          {async ({ note }) => `Later: ${note}`}
        </Task>
      </Workflow>
    )),
    { input: { who: "Ann" } },
  );
  expect(ran.status).toBe("finished");
  expect(asked).toEqual(["Text: Greetings", "Greetings from Ann", "Later: Greetings"]);
});

test("an empty prompt is refused, and a prompt that throws is RENDER_FAILED", async () => {
  const agent = { generate: () => good };
  expect((await ask(agent, {}, " ")).error).toMatchObject({ code: "INVALID_WORKFLOW" });
  const Broken = () => {
    throw new Error("no such file");
  };
  const ran = await ask(agent, { retries: 0 }, () => <Broken />);
  expect(ran.error).toMatchObject({ code: "RENDER_FAILED", nodeId: "review" });
  expect(ran.error!.message).toContain("no such file");
});
