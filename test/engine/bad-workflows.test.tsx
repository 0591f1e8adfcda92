/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import {
  Approval,
  approvalDecisionSchema,
  Branch,
  createSmithers,
  Loop,
  Parallel,
  Sequence,
  Signal,
  Timer,
  WaitForEvent,
  Workflow,
} from "smithers-orchestrator";
import { z } from "zod";
import { inStore, run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({
  input: z.any(),
  result: z.object({ value: z.number() }),
  decision: approvalDecisionSchema,
});

const one = { value: 1 };
/** Props as plain JavaScript would give them. */
const given = (props: object) => props as any;
const task = (props: object = {}) => <Task {...given({ id: "a", output: outputs.result, children: one, ...props })} />;
type Element = React.JSX.Element;
const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;

const trees: [string, string, () => unknown, string][] = [
  ["a Task at its root", "INVALID_WORKFLOW", () => task(), 'one <Workflow> at its root; it renders <Task id="a">.'],
  [
    "a wait at its root",
    "INVALID_WORKFLOW",
    () => <WaitForEvent id="w" event="e" output="result" />,
    'it renders <WaitForEvent id="w">.',
  ],
  ["an element at its root", "INVALID_WORKFLOW", () => <p>Hi</p>, "it renders <p>."],
  ["nothing at all", "INVALID_WORKFLOW", () => null, "exactly one <Workflow> at its root; it renders nothing."],
  [
    "two Workflows",
    "INVALID_WORKFLOW",
    () => [<Workflow key="1" name="a" />, <Workflow key="2" name="b" />],
    "it renders <Workflow> and <Workflow>.",
  ],
  ["text", "INVALID_WORKFLOW", () => "text", 'it renders the text "text".'],
  ["a Workflow without name", "INVALID_WORKFLOW", () => <Workflow {...given({})} />, "name is required"],
  ["what React cannot render", "RENDER_FAILED", () => ({ name: "x" }), "something that cannot be rendered"],
];

test("an asynchronous build function is refused at once, also one that rejects later", async () => {
  const slow = async () => {
    await Promise.resolve();
    throw new Error("too late");
  };
  for (const build of [async () => <Workflow name="test">{task()}</Workflow>, slow]) {
    const ran = await run(smithers(build as never));
    expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
    expect(ran.error!.message).toContain("must return the tree at once");
  }
});

test.each([
  [
    "retry",
    <Task key="t" id="t" output="result" {...given({ retry: 5, children: one })} />,
    '<Task id="t">',
    "retries",
  ],
  ["dependson", task({ dependson: ["b"] }), '<Task id="a">', "dependsOn"],
  ["timeout", task({ timeout: 5 }), '<Task id="a">', "timeoutMs"],
  ["maxIteration", <Loop key="l" until {...given({ maxIteration: 2 })} />, "<Loop>", "maxIterations"],
  ["max_concurrency", <Parallel key="p" {...given({ max_concurrency: 2 })} />, "<Parallel>", "maxConcurrency"],
  ["onDenied", <Approval key="a" {...given({ id: "a", onDenied: "skip" })} />, '<Approval id="a">', "onDeny"],
  ["correlationID", <WaitForEvent key="w" {...given({ id: "w", correlationID: "1" })} />, "<Wait", "correlationId"],
  ["untill", <Timer key="t" {...given({ id: "t", untill: 1 })} />, '<Timer id="t">', "until"],
  ["shema", <Signal key="s" {...given({ id: "s", shema: z.any() })} />, '<Signal id="s">', "schema"],
  ["els", <Branch key="b" {...given({ if: true, els: null })} />, "<Branch>", "else"],
  ["skipif", <Sequence key="s" {...given({ skipif: true })} />, "<Sequence>", "skipIf"],
])("the misspelt prop %s is refused, and the right one is suggested", async (name, element, where, meant) => {
  const ran = await run(smithers(() => <Workflow name="test">{element}</Workflow>));
  expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
  expect(ran.error!.message).toStartWith(where);
  expect(ran.error!.message).toContain(`unknown prop "${name}". Did you mean "${meant}"`);
});

test.each([
  ["request", { request: { title: "?", sumary: "s" } }, "sumary", "summary"],
  ["an option", { mode: "select", options: [{ key: "a", lable: "A" }], request: { title: "?" } }, "lable", "label"],
  ["retryPolicy", { retryPolicy: { backof: "fixed" } }, "backof", "backoff"],
  ["retryPolicy", { retryPolicy: { initialDelay: 5 } }, "initialDelay", "initialDelayMs"],
  ["cache", { cache: { by: 1, versoin: "2" } }, "versoin", "version"],
  ["tools", { tools: { allowNetwrok: false } }, "allowNetwrok", "allowNetwork"],
])("a misspelt field of %s is refused: %o", async (prop, props, name, meant) => {
  const asks = "request" in props;
  const element = asks ? <Approval {...given({ id: "a", output: "decision", ...props })} /> : task(props);
  const ran = await run(smithers(() => <Workflow name="test">{element}</Workflow>));
  expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
  expect(ran.error!.message).toContain(`${prop} has the unknown field "${name}". Did you mean "${meant}"?`);
});

test("an unknown prop that resembles no other lists the known ones, and children where none belong are refused", async () => {
  const messageOf = async (element: unknown) =>
    (await run(smithers(() => <Workflow name="test">{element as never}</Workflow>))).error?.message;
  expect(await messageOf(<Branch {...given({ colour: "red" })} />)).toContain("Known props: if, then, else, skipIf.");
  expect(await messageOf(<Timer {...given({ id: "t", duration: "1ms", children: "x" })} />)).toContain(
    '<Timer id="t">: children are not accepted.',
  );
  expect(await messageOf(<Timer {...given({ id: "t", duration: "1ms", color: undefined })} />)).toBeUndefined();
});

test.each([
  ["approval", "Approval"],
  ["task", "Task"],
  ["wait-for-event", "WaitForEvent"],
])(
  "an element <%s>, which React takes for one of a page, is refused, and the component is named",
  async (tag, name) => {
    const Element = tag as never as typeof Sequence;
    const ran = await run(
      smithers(() => (
        <Workflow name="test">
          <Element {...given({ id: "gate" })} />
        </Workflow>
      )),
    );
    expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW", details: { nodeId: "gate" } } });
    expect(ran.error!.message).toContain(`<${tag}> is not a component`);
    expect(ran.error!.message).toContain(`Write <${name}>.`);
  },
);

test("skipIf leaves out a Branch, a Loop and the children of a Workflow", async () => {
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Branch if then={task({ id: "branch" })} skipIf />
        <Loop until={false} skipIf>
          {task({ id: "loop" })}
        </Loop>
        {task({ id: "rest" })}
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "finished", states: { rest: "finished" } });
  expect(Object.keys(ran.states)).toEqual(["rest"]);
  const skipped = smithers(() => (
    <Workflow name="test" skipIf>
      {task()}
    </Workflow>
  ));
  expect(await run(skipped)).toMatchObject({ status: "finished", states: {} });
});

test.each([
  ["Sequence", (inside: Element) => <Sequence skipIf>{inside}</Sequence>],
  ["Parallel", (inside: Element) => <Parallel skipIf>{inside}</Parallel>],
  ["Branch", (inside: Element) => <Branch skipIf if={false} then={inside} else={task({ id: "other" })} />],
  [
    "Loop",
    (inside: Element) => (
      <Loop skipIf until={false}>
        {[<Sequence key="s">{inside}</Sequence>]}
      </Loop>
    ),
  ],
])(
  "what waits for a node that the skipIf of a %s leaves out continues, and what reads it is skipped",
  async (_, around) => {
    const ran = await run(
      smithers(() => (
        <Workflow name="test">
          {around(task({ id: "out" }))}
          {task({ id: "waits", dependsOn: ["out"] })}
          {task({ id: "reads", deps: { out: "result" }, children: ({ out }: any) => out })}
          {task({ id: "end" })}
        </Workflow>
      )),
    );
    expect(ran.states).toEqual({ waits: "finished", reads: "skipped", end: "finished" });
    const page = await inStore(ran.db, (store) =>
      store.readFrames(ran.runId, { order: "asc", afterFrameNo: 0, limit: 10 }),
    );
    expect(JSON.stringify(page!.frames)).not.toContain("left-out");
  },
);

test("a node that is left out in one place and mounted in another counts as mounted", async () => {
  let order = 0;
  const ran = await run(
    smithers(() => (
      <Workflow name="test">
        <Sequence skipIf>{task({ id: "a" })}</Sequence>
        <Parallel>
          {task({ id: "b", dependsOn: ["a"], children: () => ({ value: ++order }) })}
          {task({ id: "a", children: () => ({ value: ++order }) })}
        </Parallel>
      </Workflow>
    )),
  );
  expect(ran.outputs).toEqual({ a: { value: 1 }, b: { value: 2 } });
});

test("an output that is missing or misspelt is refused with the keys that there are", async () => {
  const messageOf = async (output: unknown) =>
    (await run(smithers(() => <Workflow name="test">{task({ output })}</Workflow>))).error!.message;
  expect(await messageOf(undefined)).toContain('<Task id="a">: output is required. Known outputs: result, decision.');
  expect(await messageOf("desicion")).toContain(
    '"desicion" is not an output of createSmithers. Did you mean "decision"? Known outputs: result, decision.',
  );
});

test.each(trees)("a workflow that renders %s is %s", async (_, code, tree, message) => {
  const ran = await run(smithers(() => tree() as never));
  expect(ran).toMatchObject({ status: "failed", error: { code }, stored: { status: "failed", error: { code } } });
  expect(ran.error!.message).toContain(message);
  expect(ran.events.at(-1)!.type).toBe("RunFailed");
});

const children: [string, string, () => unknown, string][] = [
  ["a Task without id", "INVALID_WORKFLOW", () => task({ id: undefined }), "<Task>: id is required"],
  ["a Task with an empty id", "INVALID_WORKFLOW", () => task({ id: " " }), "id is required"],
  ["an id with a control character", "INVALID_WORKFLOW", () => task({ id: "a\0b" }), "control character"],
  ["an id of 300 characters", "INVALID_WORKFLOW", () => task({ id: "x".repeat(300) }), "longer than 256"],
  [
    "a correlationId with half a pair",
    "INVALID_WORKFLOW",
    () => <WaitForEvent id="w" event="e" output={outputs.result} correlationId={"a\ud800"} />,
    "unpaired surrogate",
  ],
  ["an id with half a pair", "INVALID_WORKFLOW", () => task({ id: "a\ud800" }), "unpaired surrogate"],
  ["a label that is no text", "INVALID_WORKFLOW", () => task({ label: { a: 1 } }), "label must be a string"],
  [
    "a wait's label that is no text",
    "INVALID_WORKFLOW",
    () => <Timer id="t" duration="1s" {...given({ label: 1 })} />,
    "label must be a string",
  ],
  ["a Task without output", "INVALID_WORKFLOW", () => task({ output: undefined }), 'id="a">: output is required'],
  ["an output key that does not exist", "INVALID_WORKFLOW", () => task({ output: "nope" }), "Known outputs: result"],
  ["a schema that is no output", "INVALID_WORKFLOW", () => task({ output: z.string() }), "Known outputs: result"],
  [
    "a Task that stores the run's input",
    "INVALID_WORKFLOW",
    () => task({ output: "input" }),
    "cannot be used as an output",
  ],
  ["dependsOn that is no list", "INVALID_WORKFLOW", () => task({ dependsOn: "b" }), "must be an array of node ids"],
  [
    "needs that name no nodes",
    "INVALID_WORKFLOW",
    () => task({ needs: { b: 1 } }),
    "must be an object whose values are node ids",
  ],
  ["a dependency on no output", "INVALID_WORKFLOW", () => task({ deps: { b: "nope" } }), "deps.b"],
  ["a Task without children", "INVALID_WORKFLOW", () => task({ children: undefined }), "children are required"],
  ["a prompt without agent", "INVALID_WORKFLOW", () => task({ children: <p>Hi</p> }), "which needs an agent"],
  ["an agent that is none", "INVALID_WORKFLOW", () => task({ agent: {}, children: "Hi" }), "generate()"],
  ["a negative timeoutMs", "INVALID_WORKFLOW", () => task({ timeoutMs: -1 }), "timeoutMs"],
  ["a timeoutMs that is a text", "INVALID_WORKFLOW", () => task({ timeoutMs: "5" }), 'it is "5".'],
  ["an until without text", "INVALID_WORKFLOW", () => <Loop until={given(Object.create(null))} />, "it is {}."],
  ["a heartbeatTimeoutMs of NaN", "INVALID_WORKFLOW", () => task({ heartbeatTimeoutMs: Number.NaN }), "heartbeat"],
  ["a fraction of retries", "INVALID_WORKFLOW", () => task({ retries: 1.5 }), "retries"],
  ["negative retries", "INVALID_WORKFLOW", () => task({ retries: -1 }), "retries"],
  ["a negative delay", "INVALID_WORKFLOW", () => task({ retryPolicy: { initialDelayMs: -1 } }), "initialDelayMs"],
  ["an unknown backoff", "INVALID_WORKFLOW", () => task({ retryPolicy: { backoff: "wild" } }), "exponential, linear"],
  ["meta that is no JSON", "INVALID_WORKFLOW", () => task({ meta: cyclic }), "meta cannot be stored as JSON"],
  ["a negative duration", "INVALID_WORKFLOW", () => <Timer id="t" duration="-5s" />, "is not a duration"],
  ["a duration of -1", "INVALID_WORKFLOW", () => <Timer id="t" duration={-1} />, "is not a duration"],
  ["a Timer without duration", "INVALID_WORKFLOW", () => <Timer {...given({ id: "t" })} />, "exactly one of"],
  [
    "a Timer with both",
    "INVALID_WORKFLOW",
    () => <Timer {...given({ id: "t", duration: "1s", until: "2030-01-01" })} />,
    "exactly one of",
  ],
  [
    "a label of many characters",
    "INVALID_WORKFLOW",
    () => <Timer id="t" duration="1s" label={"x".repeat(20_000)} />,
    "label has 20000 characters; the limit is 16384",
  ],
  [
    "metadata of many kilobytes",
    "INVALID_WORKFLOW",
    () => <Timer id="t" duration="1s" meta={{ x: "x".repeat(70_000) }} />,
    "the limit is 65536",
  ],
  [
    "a Timer until a time without a zone",
    "INVALID_WORKFLOW",
    () => <Timer id="t" until="2027-01-31T09:00:00" />,
    "has no time zone",
  ],
  [
    "a Timer until a day that there is not",
    "INVALID_WORKFLOW",
    () => <Timer id="t" until="2027-02-30T09:00:00Z" />,
    "is not a date",
  ],
  [
    "a Timer until an hour that there is not",
    "INVALID_WORKFLOW",
    () => <Timer id="t" until="2027-02-28T25:00:00Z" />,
    "is not a date",
  ],
  ["a Timer until no date", "INVALID_WORKFLOW", () => <Timer id="t" until="soon" />, "is not a date"],
  [
    "a Loop whose until is a text",
    "INVALID_WORKFLOW",
    () => <Loop {...given({ until: "done" })}>{task()}</Loop>,
    "until must be true or false",
  ],
  ["a Loop of 0 iterations", "INVALID_WORKFLOW", () => <Loop until maxIterations={0} />, "maxIterations"],
  ["an unknown onMaxReached", "INVALID_WORKFLOW", () => <Loop until onMaxReached={given({})} />, "onMaxReached"],
  ["a maxConcurrency of 0", "INVALID_WORKFLOW", () => <Parallel maxConcurrency={0}>{task()}</Parallel>, "maxConcurr"],
  ["an Approval without title", "INVALID_WORKFLOW", () => <Approval {...given({ id: "a" })} />, "request={{ title }}"],
  [
    "an Approval that selects from nothing",
    "INVALID_WORKFLOW",
    () => <Approval id="a" output={outputs.decision} request={{ title: "Which?" }} mode="select" />,
    "requires options",
  ],
  [
    "an Approval whose metadata is no JSON",
    "INVALID_WORKFLOW",
    () => <Approval id="a" output={outputs.decision} request={{ title: "Go?", metadata: { n: 1n } }} />,
    "request.metadata cannot be stored as JSON",
  ],
  [
    "a wait for no event",
    "INVALID_WORKFLOW",
    () => <WaitForEvent id="w" event="" output="result" />,
    "event is required",
  ],
  ["two tasks of one id", "DUPLICATE_ID", () => [task({ key: 1 }), task({ key: 2 })], '"a"'],
  [
    "a task and a wait of one id",
    "DUPLICATE_ID",
    () => (
      <Parallel>
        {task()}
        <Sequence>
          <Timer id="a" duration="1s" />
        </Sequence>
      </Parallel>
    ),
    '"a"',
  ],
  [
    "two loops of one id",
    "DUPLICATE_ID",
    () => [
      <Loop id="loop" key="1" until={false}>
        {task({ id: "x" })}
      </Loop>,
      <Loop id="loop" key="2" until={false}>
        {task({ id: "y" })}
      </Loop>,
    ],
    '"loop"',
  ],
  ["an id that no path can name", "INVALID_WORKFLOW", () => task({ id: ".." }), "which no address can have"],
  [
    "an event that no path can name",
    "INVALID_WORKFLOW",
    () => <WaitForEvent id="w" event="." output="result" />,
    "which no address can have",
  ],
  ["an id that is a number", "INVALID_WORKFLOW", () => task({ id: 5 }), "id must be a string; it is of type number"],
  [
    "a function as skipIf",
    "INVALID_WORKFLOW",
    () => task({ skipIf: () => false }),
    "it is a function, which is always",
  ],
  ["a Promise as skipIf", "INVALID_WORKFLOW", () => task({ skipIf: Promise.resolve() }), "it is a Promise, which"],
  [
    "a function as if",
    "INVALID_WORKFLOW",
    () => <Branch {...given({ if: () => false })} then={task()} />,
    "<Branch>: if",
  ],
  ["a function as a side", "INVALID_WORKFLOW", () => <Branch if then={given(() => task())} />, "then must be"],
  [
    "a function as a child",
    "INVALID_WORKFLOW",
    () => <Sequence>{given([[task], null])}</Sequence>,
    "<Sequence>: children",
  ],
  [
    "an array that contains itself",
    "INVALID_WORKFLOW",
    () => {
      const endless: unknown[] = [];
      endless.push(endless);
      return <Parallel>{given(endless)}</Parallel>;
    },
    "an array among them contains itself",
  ],
  [
    "what throws an empty text",
    "RENDER_FAILED",
    () => {
      const Empty = () => {
        throw "";
      };
      return <Empty />;
    },
    "while rendering: an empty text.",
  ],
  ["a task that needs itself", "CIRCULAR_DEPENDENCY", () => task({ dependsOn: ["a"] }), "a → a"],
  [
    "a circle of needs",
    "CIRCULAR_DEPENDENCY",
    () => (
      <Parallel>
        {task({ id: "a", needs: { x: "b" } })}
        {task({ id: "b", deps: { c: outputs.result } })}
        {task({ id: "c", dependsOn: ["a"] })}
      </Parallel>
    ),
    "a → b → c → a",
  ],
  [
    "a dependency that is not there, next to one that has finished",
    "DEPENDENCY_UNMET",
    () => [task({ key: 1, id: "done" }), task({ key: 2, dependsOn: ["done", "ghost", "shade"] })],
    "(waits for ghost, shade)",
  ],
  ["a dependency that is not there", "DEPENDENCY_UNMET", () => task({ dependsOn: ["ghost"] }), "waits for ghost"],
  [
    "a dependency on what comes later",
    "CIRCULAR_DEPENDENCY",
    () => [task({ key: 1, dependsOn: ["b"] }), task({ key: 2, id: "b" })],
    '"a" depends on "b"',
  ],
];

test.each(children)("%s is %s", async (_, code, tree, message) => {
  const ran = await run(smithers(() => <Workflow name="test">{tree() as never}</Workflow>));
  expect(ran).toMatchObject({ status: "failed", error: { code }, stored: { status: "failed", error: { code } } });
  expect(ran.error!.message).toContain(message);
});

test("what is thrown while the workflow is rendered is RENDER_FAILED, and keeps its message", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        <Task id="a" output={outputs.result}>
          {{ value: ctx.input.no.such }}
        </Task>
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", error: { code: "RENDER_FAILED" } });
  expect(ran.error!.message).toContain("no.such");
});

test("a tree that is too deep fails its run, and no other", async () => {
  let deep = task();
  for (let depth = 0; depth < 20_000; depth += 1) deep = <Sequence>{deep}</Sequence>;
  const ran = await run(smithers(() => <Workflow name="deep">{deep}</Workflow>));
  expect(ran).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
  expect((await run(smithers(() => <Workflow name="test">{task()}</Workflow>))).status).toBe("finished");
});

test("a workflow that becomes invalid after a task keeps the results", async () => {
  const ran = await run(
    smithers((ctx) => (
      <Workflow name="test">
        {task({ id: "first", children: () => one })}
        {ctx.outputs.result.length > 0 && task({ id: "first", key: "again" })}
      </Workflow>
    )),
  );
  expect(ran).toMatchObject({ status: "failed", error: { code: "DUPLICATE_ID" }, states: { first: "finished" } });
});

test("a value that is not a workflow, a schema or a function is refused before a run exists", async () => {
  await expect(run({} as never)).rejects.toMatchObject({ code: "INVALID_OPTIONS" });
  expect(() => createSmithers({ result: {} as never })).toThrow('"result" is not a Zod schema');
  expect(() => smithers("x" as never)).toThrow("smithers(build) requires a function that takes ctx");
  expect(() => Task({ id: "a", output: outputs.result, children: one })).toThrow();
});
