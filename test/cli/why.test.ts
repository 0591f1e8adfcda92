import { describe, expect, test } from "bun:test";
import { hasEnded } from "../../src/model/index.ts";
import { forAllTests } from "../support/cleanup.ts";
import { startSmithers, wordsOf } from "../support/cli.ts";
import { eventually } from "../support/eventually.ts";
import { folder, write } from "../support/folder.ts";
import { hostedCommands } from "../support/hosted-commands.ts";
import { serveWithoutWorkers as serve } from "../support/server.ts";
import { workflowFile } from "../support/workflows.ts";

const { smithers, smithersJson } = hostedCommands({ executes: true });

/** Schemas of the data of a signal, each of which refuses {}. */
const refusing = `
  flat: z.object({ amount: z.number().min(5), paid: z.boolean(), note: z.string().min(8), by: z.email(), rest: z.string().optional() }),
  deep: z.object({ order: z.object({ id: z.uuid(), lines: z.array(z.object({ sku: z.string() })).min(1) }), at: z.iso.datetime() }),
  choice: z.union([z.literal("yes"), z.literal("no")]),
  oneOf: z.discriminatedUnion("kind", [z.object({ kind: z.literal("a"), n: z.int().positive() }), z.object({ kind: z.literal("b") })]),
  both: z.object({ a: z.string() }).and(z.object({ b: z.number() })),
  text: z.string(),
  pair: z.tuple([z.string(), z.number()]),
  preset: z.object({ mode: z.enum(["fast", "slow"]), tries: z.number().default(3) })`;

describe("the command for a signal has data that the wait takes:", () => {
  const served = forAllTests(async () => {
    const root = folder({
      "w.tsx": workflowFile(
        `{ctx.input.by === "signal"
          ? <Signal id="go" schema={outputs[ctx.input.key]} />
          : <WaitForEvent id="w" event="go" correlationId="c 1" output={outputs[ctx.input.key]} />}`,
        { schemas: refusing },
      ),
    });
    return { root, server: await serve(root) };
  });

  test.each(["flat", "deep", "choice", "oneOf", "both", "text", "pair", "preset"])("%s", async (key) => {
    const { root, server } = served();
    for (const by of ["signal", "event"]) {
      const runId = `${key}-${by}`;
      await server.start("w.tsx", { by, key }, { runId });
      await server.until(runId, ({ type }) => type === "NodeWaitingEvent");
      const { reasons } = await smithersJson(root, "why", runId);
      const { code, err } = await smithers(root, ...(await wordsOf(reasons[0].commands[0])));
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect((await server.end(runId)).status).toBe("finished");
    }
  });

  test("the same from a server", async () => {
    const { root, server } = served();
    await server.start("w.tsx", { by: "event", key: "deep" }, { runId: "r" });
    await server.until("r", ({ type }) => type === "NodeWaitingEvent");
    const command = async (...place: string[]) =>
      (await smithersJson(root, "why", "r", ...place)).reasons[0].commands[0] as string;
    expect((await command("--url", server.url)).replace(/ --url \S+/, "")).toBe(await command());
  });
});

test("a wait for data that no sample fits says that data is needed", async () => {
  const root = folder({
    "w.tsx": workflowFile(`<WaitForEvent id="w" event="go" output={outputs.result} />`, {
      schemas: `result: z.string().regex(/^[a-f]{9}-\\\\d+$/)`,
    }),
  });
  const { err } = await smithers(root, "up", "w.tsx", "--run-id", "r");
  expect(err).toContain("$ smithers signal r go --data '<data>'\n");
});

describe("a loop that ends without converging", () => {
  const loops = `
    <Loop id="outer" maxIterations={2} until={false}>
      <Loop id="fix" maxIterations={3} until={ctx.input.converges ? ctx.iterationCount("result", "a") >= 2 : undefined}>
        <Task id="a" output={outputs.result}>{() => ({ value: 1 })}</Task>
      </Loop>
      <Task id="b" output={outputs.result}>{() => ({ value: 2 })}</Task>
    </Loop>
    <Loop id="good" maxIterations={3} until={ctx.iterationCount("result", "c") >= 2}>
      <Task id="c" output={outputs.result}>{() => ({ value: 3 })}</Task>
    </Loop>
    <Task id="last" output={outputs.result}>{() => ({ value: 4 })}</Task>`;
  const says = (id: string, count: number) => `The loop "${id}" ended after ${count} iterations`;

  test("says so in its nodes, in inspect and in why, from a database and from a server", async () => {
    const root = folder({ "loops.tsx": workflowFile(loops) });
    const server = await serve(root);
    expect((await server.complete("loops.tsx", {}, { runId: "r" })).status).toBe("finished");
    for (const place of [[], ["--url", server.url]]) {
      const asked = async (...args: string[]) => (await smithers(root, ...args, ...place)).out;
      const why = await smithersJson(root, "why", "r", ...place);
      expect(why.reasons.map(({ kind, what }: Record<string, string>) => [kind, what!.split(",")[0]])).toEqual([
        ["exhausted-loop", says("outer", 2)],
        ["exhausted-loop", says("fix", 3)],
      ]);
      const inspected = await asked("inspect", "r");
      for (const note of [says("outer", 2), says("fix", 3)]) expect(inspected).toContain(note);
      expect(inspected).not.toContain('The loop "good"');
      expect(await asked("node", "r", "b")).toContain(says("outer", 2));
      const inner = (await server.nodes("r")).find(({ nodeId }) => nodeId === "a@@outer=1")!.nodeId;
      expect(await asked("node", "r", inner)).toContain(says("fix", 3));
      expect(await asked("node", "r", inner, "--iteration", "0")).not.toContain("The loop");
      for (const node of ["c", "last"]) expect(await asked("node", "r", node)).not.toContain("The loop");
    }
  });

  test("says so also when it may have one iteration only", async () => {
    const once = (until: string) => `<Loop id="l" maxIterations={1} until={${until}}>
      <Task id="a" output={outputs.result}>{() => ({ value: 1 })}</Task></Loop>`;
    const root = folder({
      "once.tsx": workflowFile(once("ctx.input.converges && ctx.iterationCount('result', 'a') > 0")),
    });
    const server = await serve(root);
    await server.complete("once.tsx", {}, { runId: "r" });
    await server.complete("once.tsx", { converges: true }, { runId: "good" });
    for (const place of [[], ["--url", server.url]]) {
      const { reasons } = await smithersJson(root, "why", "r", ...place);
      expect(reasons).toMatchObject([{ kind: "exhausted-loop", nodeId: "a", what: expect.stringContaining('"l"') }]);
      expect((await smithers(root, "node", "r", "a", ...place)).out).toContain('The loop "l" ended after 1 iteration,');
      expect((await smithersJson(root, "why", "good", ...place)).reasons).toEqual([]);
    }
  });

  test("is not said while its last iteration runs", async () => {
    const root = folder({
      "slow.tsx": workflowFile(
        `<Loop id="l" maxIterations={2} until={false}>
          <Task id="a" output={outputs.result}>{() => ({ value: 1 })}</Task>
          <Approval id="ok" output={outputs.decision} request={{ title: "?" }} />
        </Loop>`,
        { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })" },
      ),
    });
    const server = await serve(root);
    await server.start("slow.tsx", {}, { runId: "r" });
    for (const count of [1, 2]) {
      let asked = 0;
      await server.until("r", ({ type }) => type === "NodeWaitingApproval" && ++asked === count);
      expect((await smithersJson(root, "why", "r")).reasons.map(({ kind }: { kind: string }) => kind)).toEqual([
        "approval",
      ]);
      await server.approvals.approve("r", "ok");
    }
    await server.end("r");
    expect((await smithersJson(root, "why", "r")).reasons).toMatchObject([{ kind: "exhausted-loop" }]);
  });
});

describe("a decision on a gate", () => {
  const schemas = "decision: approvalDecisionSchema, result: z.object({ value: z.any() })";
  const gate = (tree: string) =>
    workflowFile(`${tree}<WaitForEvent id="w" event="go" output={outputs.result} />`, { schemas });
  const approval = `<Parallel><Approval id="g" output={outputs.decision} request={{ title: "?" }} />
    <Task id="hold" output={outputs.result}>{async (task) => { await fileAt("go", task.signal); return { value: 1 }; }}</Task></Parallel>`;

  test("that an edit has removed meanwhile is shown, and says who decided", async () => {
    const root = folder({ "w.tsx": gate(approval) });
    const up = startSmithers(["up", "w.tsx", "--run-id", "r"], { cwd: root });
    await up.saysBeside(/g .*waiting for an approval/);
    up.child.kill("SIGKILL");
    await up.ended;
    expect((await smithers(root, "approve", "r", "g", "--by", "ann", "--note", "fine")).code).toBe(0);
    write(root, { "w.tsx": gate("") });
    const server = await serve(root);
    await server.until("r", (event) => event.type === "NodeWaitingEvent");
    const text = `"g" was approved by ann ("fine"), but the workflow no longer has it.`;
    for (const place of [[], ["--url", server.url]]) {
      const { reasons } = await smithersJson(root, "why", "r", ...place);
      expect(reasons).toMatchObject([
        { kind: "event", nodeId: "w" },
        { kind: "unused-decision", nodeId: "g", what: expect.stringContaining(text) },
      ]);
      for (const command of [
        ["inspect", "r"],
        ["node", "r", "g"],
      ])
        expect((await smithers(root, ...command, ...place)).out).toContain(text);
      expect((await smithers(root, "node", "r", "w", ...place)).out).not.toContain("was approved");
    }
  });
});

describe("what resume alone cannot cure is not offered first:", () => {
  const failing: [string, string, boolean][] = [
    ["a mistake in the code", "<Task id='t' output={outputs.result}>{() => null!.x}</Task>", true],
    [
      "a tree that makes no sense",
      "<Task id='t' output={outputs.result}>{1}</Task><Task id='t' output={outputs.result}>{1}</Task>",
      true,
    ],
    [
      "a loop that does not converge",
      "<Loop id='l' maxIterations={1} onMaxReached='fail' until={false}><Task id='t' output={outputs.result}>{() => ({ value: 1 })}</Task></Loop>",
      true,
    ],
    [
      "an error of the moment",
      "<Task id='t' noRetry output={outputs.result}>{() => { throw new Error('busy'); }}</Task>",
      false,
    ],
    [
      "a server that is away",
      "<Task id='t' retries={0} output={outputs.result}>{() => fetch('http://127.0.0.1:1')}</Task>",
      false,
    ],
  ];
  test.each(failing)("%s", async (_, tree, isMistake) => {
    const root = folder({ "w.tsx": workflowFile(tree) });
    await smithers(root, "up", "w.tsx", "--run-id", "r");
    const [reason] = (await smithersJson(root, "why", "r")).reasons;
    expect(reason.what.includes("Edit the workflow before you resume the run")).toBe(isMistake);
    expect(reason.commands[0] === "smithers resume r").toBe(!isMistake);
    expect(reason.commands).toContain("smithers resume r");
  });
});

describe("a wait whose time limit has passed, of a run that cannot continue,", () => {
  const schemas = "decision: approvalDecisionSchema, result: z.object({ value: z.any() })";
  const waits: [string, string][] = [
    ["an approval", `<Approval id="w" timeoutMs={200} output={outputs.decision} request={{ title: "?" }} />`],
    ["an event", `<WaitForEvent id="w" timeoutMs={200} event="go" output={outputs.result} />`],
    ["a signal", `<Signal id="w" timeoutMs={200} schema={outputs.result} />`],
  ];
  test.each(waits)("%s, advises the repair and no answer that comes too late", async (_, tree) => {
    const root = folder({});
    const server = await serve(root);
    /** Gives a run whose file was broken before its time limit, which a busy machine may be too slow for. */
    const broken = async (runId: string) => {
      write(root, { "w.tsx": workflowFile(tree, { schemas }) });
      await server.start("w.tsx", {}, { runId });
      await server.until(runId, ({ type }) => type === "NodeWaitingApproval" || type === "NodeWaitingEvent");
      write(root, { "w.tsx": `throw new Error("kaputt");` });
      const { status } = await eventually(async () => {
        const run = await server.run(runId);
        return (run.runState.unhealthy?.code || hasEnded(run.status)) && run;
      });
      return !hasEnded(status);
    };
    let tries = 1;
    while (!(await broken(`r${tries}`))) tries += 1;
    const runId = `r${tries}`;
    for (const place of [[], ["--url", server.url]]) {
      const { reasons } = await smithersJson(root, "why", runId, ...place);
      expect(reasons).toMatchObject([{ kind: "not-continued", nodeId: "w" }]);
      expect(reasons[0].what).toMatch(
        /^The time limit of "w" has passed, but .*w\.tsx:1:\d+: kaputt.* Repair that first\./,
      );
      expect(reasons[0].commands[0]).toStartWith(`smithers resume ${runId}`);
    }
  });

  test.each(waits)("%s, when no process executes it, advises resume", async (_, tree) => {
    const root = folder({ "w.tsx": workflowFile(tree, { schemas }) });
    expect((await smithers(root, "up", "w.tsx", "--run-id", "r")).code).toBe(3);
    await eventually(async () =>
      (await smithersJson(root, "inspect", "r")).runState.blocked.unblock.startsWith("none"),
    );
    const { reasons } = await smithersJson(root, "why", "r");
    expect(reasons).toMatchObject([{ kind: "not-continued", commands: ["smithers resume r"] }]);
    expect(reasons[0].what).toContain('The time limit of "w" has passed, but the run has not continued yet.');
  });
});

test("a wait of a run whose file does not load says what to repair first", async () => {
  const waits = `<Parallel><WaitForEvent id="w" event="go" output={outputs.result} /><WaitForEvent id="v" event="on" output={outputs.result} /></Parallel>`;
  const root = folder({ "w.tsx": workflowFile(waits) });
  const server = await serve(root);
  await server.start("w.tsx", {}, { runId: "r" });
  await server.until("r", ({ type }) => type === "NodeWaitingEvent");
  write(root, { "w.tsx": `throw new Error("kaputt");` });
  await server.signals.send("r", "other");
  await eventually(async () => (await server.run("r")).runState.unhealthy?.code);
  const { reasons } = await smithersJson(root, "why", "r");
  expect(reasons.map(({ kind }: { kind: string }) => kind)).toEqual(["not-continued", "event", "event"]);
  expect(reasons[0].what).toMatch(/^The run cannot continue: .*kaputt/);
});

test("a failure is explained in sentences, with how long ago it was", async () => {
  const tree = `<Task id="t" noRetry output={outputs.result}>{() => { throw new Error("no full stop"); }}</Task>`;
  const root = folder({ "w.tsx": workflowFile(tree) });
  await smithers(root, "up", "w.tsx", "--run-id", "r");
  expect((await smithers(root, "why", "r")).out).toMatch(
    /"t" failed at w\.tsx:\d+:\d+: no full stop\. That was \S+ ago\.\n/,
  );
});
