import { canRun } from "../../scripts/programs.ts";
import { workflowFile } from "../support/workflows.ts";

/**
 * Each task appends to `ledger` when its code starts and when it ends, so that what was executed can be compared
 * with what the database says of it.
 */
const head = `
const note = (task, what) => appendFileSync("ledger", [task.runId, task.nodeId, task.iteration, task.attempt, what].join(" ") + "\\n");
const work = async (task, value, failing = 0) => {
  note(task, "start");
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 25));
  if (task.attempt <= failing) throw new Error("flaky");
  note(task, "end");
  return { value };
};`;

const file = (tree: string, { schemas = "", create = "" } = {}) =>
  workflowFile(tree, { head, create, schemas: `result: z.object({ value: z.any() }), ${schemas}` });

const ask = `<Approval id="ask" output={outputs.decision} request={{ title: "Go on?" }} onDeny="continue" />
  <Task id="after" output={outputs.result} deps={{ ask: outputs.decision }}>{({ ask }, task) => work(task, ask.approved)}</Task>`;

/** What a run of each kind does, and which value its last task has when it has finished. */
export interface Kind {
  readonly source: string;
  readonly output: unknown;
}

/** A decision or a signal gives the last task its value: it is compared with what was answered 200. */
export const fromOutside = Symbol("decided by whoever is asked");

const shell: Kind = {
  source: file(
    `<Task id="shell" output={outputs.result}>{async (task) => { note(task, "start"); const said = await bash("sleep 0.02; echo done"); note(task, "end"); return { value: said }; }}</Task>`,
  ),
  output: "done",
};

export const kinds: Readonly<Record<string, Kind>> = {
  sequence: {
    source: file(
      `{Array.from({ length: 5 }, (_, n) => <Task key={n} id={"step" + n} output={outputs.result}>{(task) => work(task, n)}</Task>)}`,
    ),
    output: 4,
  },
  fan: {
    source: file(`<Parallel>
      {Array.from({ length: 6 }, (_, n) => <Task key={n} id={"part" + n} output={outputs.result}>{(task) => work(task, n)}</Task>)}
    </Parallel>
    <Task id="sum" output={outputs.result}>{(task) => work(task, ctx.outputs.result.filter(({ nodeId }) => nodeId !== "sum").reduce((sum, { value }) => sum + value, 0))}</Task>`),
    output: 15,
  },
  loop: {
    source: file(`<Loop id="l" until={ctx.latest(outputs.result, "round")?.value >= 4} maxIterations={9}>
      <Task id="round" output={outputs.result}>{(task) => work(task, ctx.iteration + 1)}</Task>
    </Loop>`),
    output: 4,
  },
  flaky: {
    source: file(
      `<Task id="flaky" output={outputs.result} retryPolicy={{ backoff: "fixed", initialDelayMs: 20 }}>{(task) => work(task, "at last", 2)}</Task>`,
    ),
    output: "at last",
  },
  /** Blocks its worker at its first attempt, so that it is killed. */
  blocking: {
    source: file(
      `<Task id="blocking" output={outputs.result}>{async (task) => { note(task, "start"); while (task.attempt === 1); note(task, "end"); return { value: "went on" }; }}</Task>`,
    ),
    output: "went on",
  },
  timer: {
    source: file(`<Task id="before" output={outputs.result}>{(task) => work(task, 1)}</Task>
      <Timer id="nap" duration="150ms" />
      <Task id="after" output={outputs.result}>{(task) => work(task, 2)}</Task>`),
    output: 2,
  },
  ...(canRun("unshare", "setpriv", "prlimit") ? { shell } : {}),
  ask: { source: file(ask, { schemas: "decision: approvalDecisionSchema" }), output: fromOutside },
  wait: {
    source: file(`<WaitForEvent id="go" event="go" output={outputs.result} />
      <Task id="after" output={outputs.result}>{(task) => work(task, ctx.output(outputs.result, { nodeId: "go" }).value)}</Task>`),
    output: fromOutside,
  },
  own: {
    source: file(ask, { schemas: "decision: approvalDecisionSchema", create: `, { dbPath: "own/runs.db" }` }),
    output: fromOutside,
  },
};

/** The files of the folder that the victims serve. */
export const files = Object.fromEntries(Object.entries(kinds).map(([name, { source }]) => [`${name}.tsx`, source]));
