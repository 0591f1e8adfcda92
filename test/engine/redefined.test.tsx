/** @jsxImportSource smithers-orchestrator */
import { describe, expect, test } from "bun:test";
import {
  Approval,
  approvalDecisionSchema,
  createSmithers,
  Parallel,
  Sequence,
  Signal,
  Timer,
  WaitForEvent,
  Workflow,
} from "smithers-orchestrator";
import { z } from "zod";
import { inStore, newDatabase, type Ran, run } from "../support/run.ts";

/** What stands under the id "g", by an edit of the workflow or by what has come, is another thing than before. */

const { smithers, outputs, Task } = createSmithers({
  d: approvalDecisionSchema,
  s: z.object({ selected: z.string().nullable() }),
  v: z.object({ n: z.number() }),
});
type Built = ReturnType<typeof smithers>;

/** What ran, in order; one list a test. */
type Ledger = string[];

const work =
  (id: string, ledger: Ledger, n = 1) =>
  () => {
    ledger.push(id);
    return { n };
  };

const kinds = {
  approval: () => <Approval id="g" output={outputs.d} request={{ title: "go?" }} />,
  select: () => <Approval id="g" mode="select" options={["x", "y"]} output={outputs.s} request={{ title: "which?" }} />,
  event: () => <WaitForEvent id="g" event="ev" output={outputs.v} />,
  "other-name": () => <WaitForEvent id="g" event="other" output={outputs.v} />,
  "with-id": () => <WaitForEvent id="g" event="ev" correlationId="c1" output={outputs.v} />,
  signal: () => <Signal id="g" schema={z.object({ n: z.number() })} />,
  timer: () => <Timer id="g" duration="10ms" />,
  "long-timer": () => <Timer id="g" duration="1h" />,
  asktask: (ledger: Ledger) => (
    <Task id="g" needsApproval label="sure?" output={outputs.v}>
      {work("g", ledger)}
    </Task>
  ),
  task: (ledger: Ledger) => (
    <Task id="g" output={outputs.v}>
      {work("g", ledger)}
    </Task>
  ),
} satisfies Record<string, (ledger: Ledger) => React.JSX.Element>;
type Kind = keyof typeof kinds;

const after = (ledger: Ledger) => (
  <Task id="after" output={outputs.v}>
    {work("after", ledger)}
  </Task>
);

type At = Pick<Ran, "db" | "runId">;

const decide = ({ db, runId }: At, selected?: string) =>
  inStore(db, (store) => store.decide({ runId, nodeId: "g", status: "granted", selected }, Date.now()));

const send = ({ db, runId }: At, name: string, correlationId?: string) =>
  inStore(db, (store) => store.receiveSignal({ runId, name, data: { n: 2 }, correlationId }, Date.now()));

/** Gives a node of this kind what it asks for; `undefined`: it asks for nothing that a person or a program gives. */
const given: Record<Kind, ((ran: At) => Promise<unknown>) | undefined> = {
  approval: (ran) => decide(ran),
  select: (ran) => decide(ran, "x"),
  event: (ran) => send(ran, "ev"),
  "other-name": (ran) => send(ran, "other"),
  "with-id": (ran) => send(ran, "ev", "c1"),
  signal: (ran) => send(ran, "g"),
  timer: undefined,
  "long-timer": undefined,
  asktask: (ran) => decide(ran),
  task: undefined,
};

/** Gives what the node asked for before: it must count for nothing now. */
async function giveStale(ran: Ran, from: Kind, to: Kind): Promise<void> {
  const isDecided = (kind: Kind) => ["approval", "select", "asktask"].includes(kind);
  if (ran.status === "finished" || given[from] === undefined || (isDecided(from) && isDecided(to))) return;
  if (isDecided(from)) await expect(given[from](ran)).rejects.toMatchObject({ code: "NODE_NOT_WAITING" });
  else await given[from](ran);
}

/** `runWorkflow` does not return while a run waits for a time: test/waiting/edited-timers.test.ts has that row. */
const waiting: Kind[] = ["approval", "select", "event", "signal", "asktask"];
const newKinds: Kind[] = ["approval", "select", "event", "other-name", "with-id", "signal", "timer", "task", "asktask"];
const pairs = waiting.flatMap((from) => newKinds.filter((to) => to !== from).map((to) => [from, to] as const));

async function finishAs(to: Kind, ledger: Ledger, asked: Ran, resume: () => Promise<Ran>): Promise<void> {
  let ran = asked;
  if (given[to] !== undefined) {
    expect(ran.status).toStartWith("waiting-");
    expect(ledger).not.toContain("after");
    expect(ran.nodes.g!.kind).toBe(
      ({ select: "approval", task: "compute", asktask: "compute" } as any)[to] ?? ran.nodes.g!.kind,
    );
    await given[to](ran);
    ran = await resume();
  }
  expect(ran.status).toBe("finished");
  expect(ledger.filter((id) => id === "after")).toEqual(["after"]);
  expect(ledger.filter((id) => id === "g")).toHaveLength(to === "task" || to === "asktask" ? 1 : 0);
  const output = ran.outputs.g;
  if (to === "approval") expect(output).toMatchObject({ approved: true });
  else if (to === "select") expect(output).toEqual({ selected: "x" });
  else if (to === "timer") expect(output).toMatchObject({ firedAtMs: expect.any(Number) });
  else expect(output).toEqual({ n: to === "task" || to === "asktask" ? 1 : 2 });
}

describe("a waiting node whose id means something else now waits for that", () => {
  test.each(pairs)("by an edit: %s, then %s", async (from, to) => {
    const ledger: Ledger = [];
    const workflow = (kind: Kind) =>
      smithers(() => (
        <Workflow name="test">
          {kinds[kind](ledger)}
          {after(ledger)}
        </Workflow>
      ));
    const before = await run(workflow(from));
    expect(before.states.after).toBe("pending");
    const resume = () => run(workflow(to), { db: before.db, runId: before.runId, resume: true });
    const asked = await resume();
    await giveStale(asked, from, to);
    await finishAs(to, ledger, asked, resume);
  });

  test.each(pairs)("without an edit: %s, then %s", async (from, to) => {
    const ledger: Ledger = [];
    const workflow = smithers((ctx) => {
      const isSwitched = ctx.outputMaybe(outputs.v, { nodeId: "switch" }) !== undefined;
      return (
        <Workflow name="test">
          <Parallel>
            <WaitForEvent id="switch" event="switch" output={outputs.v} />
            <Sequence>
              {kinds[isSwitched ? to : from](ledger)}
              {after(ledger)}
            </Sequence>
          </Parallel>
        </Workflow>
      );
    });
    const before = await run(workflow);
    const resume = () => run(workflow, { db: before.db, runId: before.runId, resume: true });
    await send(before, "switch");
    const asked = await resume();
    await giveStale(asked, from, to);
    await finishAs(to, ledger, asked, resume);
  });
});

describe("a question that was edited while it waits", () => {
  const approval = (
    props: { title?: string; summary?: string; metadata?: unknown; label?: string },
    ledger: Ledger = [],
  ) =>
    smithers(() => (
      <Workflow name="test">
        <Approval
          id="g"
          output={outputs.d}
          label={props.label}
          request={{ title: props.title ?? "Deploy?", summary: props.summary, metadata: props.metadata as any }}
        />
        {after(ledger)}
      </Workflow>
    ));
  const select = (options: string[]) =>
    smithers(() => (
      <Workflow name="test">
        <Approval id="g" mode="select" options={options} output={outputs.s} request={{ title: "which?" }} />
      </Workflow>
    ));
  const task = (label: string) =>
    smithers(() => (
      <Workflow name="test">
        <Task id="g" needsApproval label={label} output={outputs.v}>
          {{ n: 1 }}
        </Task>
      </Workflow>
    ));
  const edits: [string, Built, Built][] = [
    ["its title", approval({ title: "Deploy to STAGING?" }), approval({ title: "Deploy to PRODUCTION?" })],
    ["its summary", approval({ summary: "small" }), approval({ summary: "large" })],
    ["its metadata", approval({ metadata: { sum: 1 } }), approval({ metadata: { sum: 1_000 } })],
    ["its label", approval({ label: "one" }), approval({ label: "two" })],
    ["its options", select(["x", "y"]), select(["x", "z"])],
    ["the label of a task", task("to STAGING"), task("to PRODUCTION")],
  ];

  test.each(edits)("is asked again: %s", async (_, before, after) => {
    const asked = await run(before);
    const again = await run(after, { db: asked.db, runId: asked.runId, resume: true });
    expect(again.of("ApprovalRequested")).toHaveLength(1);
    const pending = await inStore(asked.db, (store) => store.pendingApprovals({ nowMs: Date.now(), limit: 10 }));
    expect(pending).toMatchObject([{ nodeId: "g", status: "requested" }]);
    await decide(again, "x");
    const done = await run(after, { db: asked.db, runId: asked.runId, resume: true });
    expect(done.status).toBe("finished");
  });

  test.each(edits)("is not answered by a decision on the old words: %s", async (_, before, after) => {
    const asked = await run(before);
    await decide(asked, "x");
    const again = await run(after, { db: asked.db, runId: asked.runId, resume: true });
    expect(again).toMatchObject({ status: "waiting-approval", states: { g: "waiting-approval" } });
    await decide(again, "x");
    expect((await run(after, { db: asked.db, runId: asked.runId, resume: true })).status).toBe("finished");
  });

  test("stays as it is when the edit is elsewhere", async () => {
    const words = { title: "Deploy?", metadata: { at: new Date(0), list: [1, undefined] } };
    const asked = await run(approval(words));
    const again = await run(approval(words), { db: asked.db, runId: asked.runId, resume: true });
    expect(again.of("ApprovalRequested")).toEqual([]);
    await decide(again);
    expect((await run(approval(words), { db: asked.db, runId: asked.runId, resume: true })).status).toBe("finished");
  });
});

describe("a node that has finished", () => {
  const as = (kind: Kind | "static", ledger: Ledger, isLast = false) =>
    smithers(() => (
      <Workflow name="test">
        {kind === "static" ? (
          <Task id="g" output={outputs.v}>
            {{ n: 1 }}
          </Task>
        ) : (
          kinds[kind](ledger)
        )}
        <WaitForEvent id="hold" event="hold" output={outputs.v} />
        {isLast ? null : after(ledger)}
      </Workflow>
    ));

  test.each<[Kind, Kind]>([
    ["task", "approval"],
    ["task", "event"],
    ["task", "timer"],
    ["timer", "approval"],
    ["timer", "task"],
  ])("cannot become something else: %s, then %s", async (from, to) => {
    const ledger: Ledger = [];
    let before = await run(as(from, ledger));
    const resume = (kind: Kind) => run(as(kind, ledger), { db: before.db, runId: before.runId, resume: true });
    while (before.states.g !== "finished") before = await resume(from);
    const refused = await resume(to);
    expect(refused).toMatchObject({ status: "failed", error: { code: "NODE_REDEFINED", details: { nodeId: "g" } } });
    expect(ledger).not.toContain("after");
    // Once it is repaired the run continues where it was.
    const repaired = await resume(from);
    expect(repaired.status).toBe("waiting-event");
    await send(repaired, "hold");
    expect(await resume(from)).toMatchObject({ status: "finished", states: { after: "finished" } });
    expect(ledger.filter((id) => id === "g")).toHaveLength(from === "task" ? 1 : 0);
  });

  test("stays finished when only the way to its value has changed", async () => {
    const ledger: Ledger = [];
    const before = await run(as("static", ledger));
    const again = await run(as("task", ledger), { db: before.db, runId: before.runId, resume: true });
    expect(again).toMatchObject({ status: "waiting-event", states: { g: "finished" } });
    expect(ledger).toEqual([]);
  });
});

describe("a node that was unmounted and is mounted again is still to do", () => {
  /** The signal "hide" takes g out of the tree, the signal "show" puts it back, followed by deploy. */
  const showing = (g: () => React.JSX.Element, ledger: Ledger) =>
    smithers((ctx) => {
      const has = (nodeId: string) => ctx.outputMaybe(outputs.v, { nodeId }) !== undefined;
      return (
        <Workflow name="test">
          <Parallel>
            <Sequence>
              <WaitForEvent id="hidden" event="hide" output={outputs.v} />
              <WaitForEvent id="shown" event="show" output={outputs.v} />
            </Sequence>
            <Sequence>
              {!has("hidden") || has("shown") ? g() : null}
              {has("shown") ? (
                <Task id="deploy" output={outputs.v}>
                  {work("deploy", ledger)}
                </Task>
              ) : null}
            </Sequence>
          </Parallel>
        </Workflow>
      );
    });

  async function hideAndShow(workflow: Built, started?: Ran): Promise<{ shown: Ran; resume: () => Promise<Ran> }> {
    const before = started ?? (await run(workflow));
    const resume = () => run(workflow, { db: before.db, runId: before.runId, resume: true });
    await send(before, "hide");
    const hidden = await resume();
    expect(hidden.states.g).toBe("cancelled");
    await send(before, "show");
    return { shown: await resume(), resume };
  }

  test.each<Kind>(["approval", "select", "event", "signal", "asktask"])("%s", async (kind) => {
    const ledger: Ledger = [];
    const { shown, resume } = await hideAndShow(showing(() => kinds[kind](ledger), ledger));
    expect(shown.status).toStartWith("waiting-");
    expect(ledger).toEqual([]);
    await given[kind]!(shown);
    expect((await resume()).status).toBe("finished");
    expect(ledger).toEqual(kind === "asktask" ? ["g", "deploy"] : ["deploy"]);
  });

  test("timer: its time begins again", async () => {
    const ledger: Ledger = [];
    const { shown } = await hideAndShow(showing(() => <Timer id="g" duration="300ms" />, ledger));
    expect([shown.status, ledger]).toEqual(["finished", ["deploy"]]);
    const [again] = shown.of("TimerCreated");
    expect(shown.nodes.g!.finishedAtMs).toBeGreaterThanOrEqual(again!.firesAtMs);
  });

  test("a task that was running: its code runs again", async () => {
    const ledger: Ledger = [];
    let begun = () => {};
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const workflow = showing(
      () => (
        <Task id="g" output={outputs.v} retries={0}>
          {async (task: { attempt: number; signal: AbortSignal }) => {
            ledger.push(`g ${task.attempt}`);
            begun();
            if (task.attempt === 1) await new Promise((_, reject) => task.signal.addEventListener("abort", reject));
            return { n: 1 };
          }}
        </Task>
      ),
      ledger,
    );
    const at = { db: newDatabase(), runId: "shown-again" };
    const running = run(workflow, at);
    await hasBegun;
    await send(at, "hide");
    expect(await running).toMatchObject({ status: "waiting-event", states: { g: "cancelled" } });
    await send(at, "show");
    expect((await run(workflow, { ...at, resume: true })).status).toBe("finished");
    expect(ledger).toEqual(["g 1", "g 2", "deploy"]);
  });

  test("by an edit and its undo", async () => {
    const ledger: Ledger = [];
    const named = (id: string) =>
      smithers(() => (
        <Workflow name="test">
          <Approval id={id} output={outputs.d} request={{ title: "go?" }} />
          {after(ledger)}
        </Workflow>
      ));
    const before = await run(named("g"));
    const resume = (id: string) => run(named(id), { db: before.db, runId: before.runId, resume: true });
    expect((await resume("g2")).states).toMatchObject({ g: "cancelled", g2: "waiting-approval" });
    const undone = await resume("g");
    expect(undone).toMatchObject({ status: "waiting-approval", states: { g: "waiting-approval", g2: "cancelled" } });
    await decide(undone);
    expect((await resume("g")).status).toBe("finished");
    expect(ledger).toEqual(["after"]);
  });

  test("a task that has finished is not run again", async () => {
    const ledger: Ledger = [];
    const workflow = showing(() => kinds.task(ledger), ledger);
    const before = await run(workflow);
    const resume = () => run(workflow, { db: before.db, runId: before.runId, resume: true });
    await send(before, "hide");
    await resume();
    await send(before, "show");
    expect((await resume()).status).toBe("finished");
    expect(ledger).toEqual(["g", "deploy"]);
  });

  test("a decision that came while the gate was taken out is kept, and counts once the same question is back", async () => {
    const ledger: Ledger = [];
    const workflow = showing(() => kinds.approval(), ledger);
    const before = await run(workflow);
    const resume = () => run(workflow, { db: before.db, runId: before.runId, resume: true });
    await decide(before);
    await send(before, "hide");
    await resume();
    await send(before, "show");
    expect((await resume()).status).toBe("finished");
    expect(ledger).toEqual(["deploy"]);
  });
});

test("a tree without a node does not end a run whose nodes wait", async () => {
  const workflow = (isEmpty: boolean) =>
    smithers(() => (
      <Workflow name="test">
        {isEmpty ? null : <Approval id="g" output={outputs.d} request={{ title: "go?" }} />}
      </Workflow>
    ));
  const before = await run(workflow(false));
  const resume = (isEmpty: boolean) => run(workflow(isEmpty), { db: before.db, runId: before.runId, resume: true });
  expect(await resume(true)).toMatchObject({ status: "failed", error: { code: "INVALID_WORKFLOW" } });
  expect((await resume(false)).status).toBe("waiting-approval");
});
