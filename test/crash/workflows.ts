import { canRun } from "../../scripts/programs.ts";
import { workflowFile } from "../support/workflows.ts";

/**
 * Each task appends to `ledger` when its code starts and when it ends, so that what was executed can be compared
 * with what the database says of it.
 */
const head = `
const note = (task, what) => appendFileSync("ledger", [task.runId, task.nodeId, task.iteration, task.attempt, what].join(" ") + "\\n");
// As a loop without an end does, but it leaves the processor to the other tests.
const block = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
const work = async (task, value, failing = 0) => {
  note(task, "start");
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 25));
  if (task.attempt <= failing) throw new Error("flaky");
  note(task, "end");
  return { value };
};`;

/** What a task does to others: each kind once, by chance. Some of it fails the task, and all of it nothing else. */
const hostile = `
import { EventEmitter } from "node:events";
const boom = () => { throw new Error("another error, inside the first"); };
const odd = [
  () => undefined,
  () => 12n,
  () => Symbol("odd"),
  () => Object.assign(Object.create(null), { id: 12n }),
  () => Object.assign(new Error("x"), { message: { code: 7 } }),
  () => Object.defineProperty(new Error("x"), "message", { get: boom }),
  () => Object.defineProperty(new Error("x"), "code", { get: boom, enumerable: true }),
  () => ({ toJSON: boom, toString: boom, [Symbol.toPrimitive]: boom }),
  () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; },
];
const pick = (list) => list[Math.floor(Math.random() * list.length)];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const harms = [
  async () => { throw pick(odd)(); },
  async () => { void Promise.reject(pick(odd)()); await pause(20); },
  async () => { const slow = pause(30); const bad = pause(5).then(() => { throw pick(odd)(); }); await slow; await bad; },
  async () => { setTimeout(() => { throw pick(odd)(); }, 5); await pause(20); },
  async () => { setTimeout(() => { throw pick(odd)(); }, 40); },
  async () => { setTimeout(() => { void Promise.reject(pick(odd)()); }, 40); },
  async () => { const emitter = new EventEmitter(); setTimeout(() => emitter.emit("error", new Error("emitted")), 5); await pause(20); },
  async (task) => { task.signal.addEventListener("abort", () => { throw pick(odd)(); }); await pause(150); },
  async () => { setInterval(() => {}, 1); process.exit(0); },
  async () => { process.abort(); },
];
let count = 0;`;

const file = (tree: string, { schemas = "", create = "", more = "" } = {}) =>
  workflowFile(tree, { head: head + more, create, schemas: `result: z.object({ value: z.any() }), ${schemas}` });

const ask = `<Approval id="ask" output={outputs.decision} request={{ title: "Go on?" }} onDeny="continue" />
  <Task id="after" output={outputs.result} deps={{ ask: outputs.decision }}>{({ ask }, task) => work(task, ask.approved)}</Task>`;

/** What a run of each kind does, and which value its last task has when it has finished. */
export interface Kind {
  readonly source: string;
  readonly output: unknown;
  /** Whether it harms others where it can. Such a run ends, in whatever way. */
  readonly isHostile?: boolean;
  /** Whether another process may render other nodes. One that lost its attempt and is not rendered again is skipped. */
  readonly changesNodes?: boolean;
  /** Whether its tasks need more than one attempt by themselves. */
  readonly retries?: boolean;
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
    retries: true,
  },
  hostile: {
    source: file(
      `<Task id="harm" output={outputs.result} retries={1} timeoutMs={100} retryPolicy={{ backoff: "fixed", initialDelayMs: 5 }}>
        {async (task) => { note(task, "start"); await pick(harms)(task); note(task, "end"); return { value: "done" }; }}
      </Task>`,
      { more: hostile },
    ),
    output: "done",
    isHostile: true,
  },
  hostileFloat: {
    source: file(
      `{void Promise.reject(pick(odd)()) ?? null}
      <Task id="harm" output={outputs.result}>{(task) => work(task, "done")}</Task>`,
      { more: hostile },
    ),
    output: "done",
    isHostile: true,
  },
  hostileIds: {
    source: file(`<Task id={"id" + count++} output={outputs.result}>{(task) => work(task, "done")}</Task>`, {
      more: hostile,
    }),
    output: "done",
    isHostile: true,
    changesNodes: true,
  },
  /** Blocks its worker at its first attempt, so that it is killed. */
  blocking: {
    source: file(
      `<Task id="blocking" output={outputs.result}>{async (task) => { note(task, "start"); if (task.attempt === 1) block(); note(task, "end"); return { value: "went on" }; }}</Task>`,
    ),
    output: "went on",
    retries: true,
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
