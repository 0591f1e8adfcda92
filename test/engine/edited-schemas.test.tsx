/** @jsxImportSource smithers-orchestrator */
import { describe, expect, test } from "bun:test";
import { Approval, approvalDecisionSchema, createSmithers, runWorkflow, Signal, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { inStore, type Ran, run } from "../support/run.ts";

/** What is stored was written under another version of its schema. */

interface Version {
  readonly a: z.ZodType;
  readonly input?: z.ZodType;
  /** What b makes of a, once the gate is open. */
  readonly b: (a: any, input: any, task: { ctxA: () => any; rows: () => any[] }) => unknown;
}

const v1 = z.object({ n: z.number() });
const plus: Version["b"] = (a) => a.n + 1;

function versionOf({ a, input, b }: Version, ledger: string[]) {
  const schemas = { d: approvalDecisionSchema, a, b: z.object({ n: z.any() }), ...(input ? { input } : {}) };
  const { smithers, outputs, Task } = createSmithers(
    schemas as { d: typeof approvalDecisionSchema; a: any; b: any; input: any },
  );
  return smithers((ctx) => {
    const isOpen = ctx.outputMaybe(outputs.d, { nodeId: "gate" }) !== undefined;
    const now = isOpen ? ctx.outputMaybe(outputs.a, { nodeId: "a" }) : undefined;
    const rows = isOpen ? ctx.outputs.a : [];
    const given = isOpen ? ctx.input : undefined;
    return (
      <Workflow name="test">
        <Task id="a" output={outputs.a}>
          {() => {
            ledger.push("a");
            return { n: 1 } as any;
          }}
        </Task>
        <Approval id="gate" output={outputs.d} request={{ title: "go?" }} />
        <Task id="b" retries={0} output={outputs.b} deps={{ a: outputs.a }}>
          {(deps: any) => {
            ledger.push("b");
            return { n: b(deps.a, given, { ctxA: () => now, rows: () => rows as any[] }) };
          }}
        </Task>
      </Workflow>
    );
  });
}

/** Runs up to the gate under one version, opens it, and continues under another. */
async function edited(before: Version, after: Version, given: Record<string, unknown> = { x: 1 }) {
  const ledger: string[] = [];
  const waiting = await run(versionOf(before, ledger), { input: given });
  expect(waiting.status).toBe("waiting-approval");
  await inStore(waiting.db, (store) =>
    store.decide({ runId: waiting.runId, nodeId: "gate", status: "granted" }, Date.now()),
  );
  const resume = (version: Version) =>
    run(versionOf(version, ledger), { db: waiting.db, runId: waiting.runId, resume: true });
  return { ran: await resume(after), ledger, resume };
}

describe("a new default applies to what is stored", () => {
  const a = z.object({ n: z.number(), k: z.number().default(40) });
  test.each<[string, Version["b"]]>([
    ["by deps", ({ n, k }) => n + k],
    ["by ctx.outputMaybe", (_, __, { ctxA }) => ctxA().n + ctxA().k],
    ["by ctx.outputs", (_, __, { rows }) => rows()[0].n + rows()[0].k],
  ])("%s", async (_, b) => {
    const { ran, ledger } = await edited({ a: v1, b: plus }, { a, b });
    expect(ran).toMatchObject({ status: "finished", outputs: { b: { n: 41 }, a: { n: 1 } } });
    expect(ledger).toEqual(["a", "b"]);
  });

  test("and to the input", async () => {
    const before = { a: v1, b: plus, input: z.object({ x: z.number() }) };
    const input = z.object({ x: z.number(), k: z.number().default(5) });
    const { ran } = await edited(before, { a: v1, input, b: (_, given) => given.x + given.k });
    expect(ran.outputs.b).toEqual({ n: 6 });
  });
});

test("code that reads what does not fit any more is not executed again and again", async () => {
  let executed = 0;
  const workflow = (a: z.ZodType) => {
    const { smithers, outputs, Task } = createSmithers({ a, b: z.object({ n: z.any() }), d: approvalDecisionSchema });
    return smithers((ctx) => (
      <Workflow name="test">
        <Task id="a" output={outputs.a}>
          {() => ({ n: 1 }) as never}
        </Task>
        <Approval id="gate" output={outputs.d} request={{ title: "go?" }} />
        <Task id="b" output={outputs.b} retries={2} retryPolicy={{ backoff: "fixed", initialDelayMs: 1 }}>
          {() => {
            executed += 1;
            return { n: ctx.output(outputs.a, { nodeId: "a" }) };
          }}
        </Task>
      </Workflow>
    ));
  };
  const { db, runId } = await run(workflow(v1));
  await inStore(db, (store) => store.decide({ runId, nodeId: "gate", status: "granted" }, Date.now()));
  const ran = await run(workflow(z.object({ n: z.string() })), { db, runId, resume: true });
  expect(ran.error).toMatchObject({ code: "STORED_VALUE_OUTDATED", nodeId: "b", details: { nodeId: "a" } });
  expect(executed).toBe(1);
});

describe("what does not fit any more stops the run, and names the node that wrote it", () => {
  test.each<[string, Version]>([
    ["a field that was renamed", { a: z.object({ m: z.number() }), b: ({ m }) => m + 1 }],
    ["and is read with care", { a: z.object({ m: z.number() }), b: ({ m }) => m ?? -1 }],
    ["a type that has changed", { a: z.object({ n: z.string() }), b: ({ n }) => n.length + 1 }],
    ["a bound that was added", { a: z.object({ n: z.number().min(2) }), b: plus }],
  ])("%s", async (_, after) => {
    const { ran, ledger, resume } = await edited({ a: v1, b: plus }, after);
    expect(ran).toMatchObject({
      status: "failed",
      error: { code: "STORED_VALUE_OUTDATED", details: { nodeId: "a", iteration: 0, output: "a" } },
    });
    expect(ran.error!.message).toContain('"a"');
    expect(ran.error!.message).toContain("new id");
    expect(ledger).toEqual(["a"]);
    // After the repair the run continues.
    expect(await resume({ a: v1, b: plus })).toMatchObject({ status: "finished", outputs: { b: { n: 2 } } });
    expect(ledger).toEqual(["a", "b"]);
  });

  test("an input", async () => {
    const input = z.object({ x: z.string() });
    const { ran, ledger } = await edited(
      { a: v1, b: plus, input: z.object({ x: z.number() }) },
      { a: v1, input, b: plus },
    );
    expect(ran).toMatchObject({ status: "failed", error: { code: "STORED_VALUE_OUTDATED" } });
    expect(ran.error!.message).toContain("input");
    expect(ran.error!.message).toEndWith("and resume the run; or start a new run.");
    expect(ledger).toEqual(["a"]);
  });

  test("but not what nothing reads any more", async () => {
    const { smithers, outputs, Task } = createSmithers({ d: approvalDecisionSchema, a: z.object({ m: z.string() }) });
    const ledger: string[] = [];
    const waiting = await run(versionOf({ a: v1, b: plus }, ledger), {});
    await inStore(waiting.db, (store) =>
      store.decide({ runId: waiting.runId, nodeId: "gate", status: "granted" }, Date.now()),
    );
    const after = smithers(() => (
      <Workflow name="test">
        <Approval id="gate" output={outputs.d} request={{ title: "go?" }} />
        <Task id="new" output={outputs.a}>
          {{ m: "x" }}
        </Task>
      </Workflow>
    ));
    expect((await run(after, { db: waiting.db, runId: waiting.runId, resume: true })).status).toBe("finished");
  });
});

describe("a transform is applied once", () => {
  const shout = z.object({ n: z.number().transform((n) => n + 100) });
  test("without an edit", async () => {
    const { ran } = await edited({ a: shout, b: ({ n }) => n }, { a: shout, b: ({ n }) => n });
    expect(ran.outputs.b).toEqual({ n: 101 });
  });

  test("also where a stored value is checked against an edited schema", async () => {
    const after = shout.extend({ k: z.number().default(7) });
    const { ran } = await edited({ a: shout, b: plus }, { a: after, b: ({ n, k }) => [n, k] });
    expect(ran.outputs.b).toEqual({ n: [101, 7] });
  });

  test("and in the input", async () => {
    const input = z.object({ x: z.number().transform((x) => x * 2), y: z.string().default("y") });
    const { ran } = await edited({ a: v1, b: plus, input }, { a: v1, input, b: (_, given) => given });
    expect(ran.outputs.b).toEqual({ n: { x: 2, y: "y" } });
  });
});

describe("a Date is a Date where the types say Date", () => {
  const at = new Date("2026-01-02T03:04:05.678Z");
  const dated = z.object({ at: z.date(), list: z.array(z.object({ at: z.coerce.date() })) });
  const {
    smithers,
    outputs,
    Task,
    Workflow: Root,
  } = createSmithers({
    input: z.object({ since: z.coerce.date() }),
    d: approvalDecisionSchema,
    dated,
    seen: z.object({ all: z.array(z.string()) }),
  });
  const workflow = smithers((ctx) => (
    <Root name="test">
      <Task id="a" output={outputs.dated} cache={{ version: "1" }}>
        {() => ({ at, list: [{ at: at.toISOString() }] })}
      </Task>
      <Approval id="gate" output={outputs.d} request={{ title: "go?" }} />
      <Task id="b" output={outputs.seen} deps={{ a: outputs.dated }}>
        {({ a }) => {
          const row = ctx.output(outputs.dated, { nodeId: "a" });
          const dates = [a.at, a.list[0]!.at, row.at, ctx.outputs.dated[0]!.at, ctx.input.since];
          return { all: dates.map((date) => (date instanceof Date ? date.toISOString() : `no Date: ${typeof date}`)) };
        }}
      </Task>
    </Root>
  ));
  const iso = at.toISOString();

  async function approve({ db, runId }: Pick<Ran, "db" | "runId">) {
    await inStore(db, (store) => store.decide({ runId, nodeId: "gate", status: "granted" }, Date.now()));
    return run(workflow, { db, runId, resume: true });
  }

  test("in the process that made it, in another that takes the run over, and from the cache", async () => {
    const first = await run(workflow, { input: { since: iso } });
    const ran = await approve(first);
    expect(ran.outputs.b).toEqual({ all: [iso, iso, iso, iso, iso] });
    expect(ran.outputs.a).toEqual({ at: iso, list: [{ at: iso }] });
    const second = await run(workflow, { db: first.db, input: { since: iso } });
    expect(second.events.find(({ type }) => type === "NodeFinished")).toMatchObject({ cached: true });
    expect((await approve({ db: first.db, runId: second.runId })).outputs.b).toEqual({
      all: [iso, iso, iso, iso, iso],
    });
  });

  test("as a signal's data", async () => {
    const seen: unknown[] = [];
    const due = z.object({ at: z.coerce.date() });
    const api = createSmithers({ r: z.object({ ok: z.boolean() }) });
    const waiting = api.smithers(() => (
      <Workflow name="test">
        <Signal id="due" schema={due}>
          {(data) => {
            seen.push(data.at instanceof Date);
            return null;
          }}
        </Signal>
      </Workflow>
    ));
    const { db, runId } = await run(waiting);
    await inStore(db, (store) => store.receiveSignal({ runId, name: "due", data: { at: iso } }, Date.now()));
    expect((await runWorkflow(waiting, { db, runId, resume: true })).status).toBe("finished");
    expect(new Set(seen)).toEqual(new Set([true]));
  });
});
