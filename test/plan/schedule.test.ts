import { expect, test } from "bun:test";
import type { HostElement } from "../../src/jsx/index.ts";
import { type NodeState, noWake } from "../../src/model/index.ts";
import { compilePlan, schedule } from "../../src/plan/index.ts";
import { loop, parallel, sequence, task, workflow } from "./trees.ts";

/** What may happen next, given how far some nodes are; others are pending. */
function next(tree: HostElement, states: Record<string, NodeState | { retryAtMs: number }> = {}, loops = {}) {
  const plan = compilePlan(tree, {
    loopIteration: (id) => (loops as Record<string, number>)[id] ?? 0,
    hasStarted: (nodeId) => nodeId in states,
  });
  const planned = schedule(plan, {
    now: { nowMs: 100, steadyMs: 0, steadyClock: "" },
    maxConcurrency: Number.POSITIVE_INFINITY,
    progress: (key) => {
      const known = states[key];
      if (known === undefined) return undefined;
      return typeof known === "string"
        ? { ...noWake, state: known }
        : { ...noWake, state: "pending", wakeAtMs: known.retryAtMs };
    },
  });
  const ids = (tasks: readonly { nodeId: string }[]) => tasks.map(({ nodeId }) => nodeId);
  return {
    ready: ids(planned.ready),
    blocked: ids(planned.blocked.map(({ task }) => task)),
    waiting: ids(planned.waiting),
    advance: planned.advance.map(({ spec }) => spec.id),
    failed: planned.failed?.nodeId,
    exhausted: planned.exhausted?.spec.id,
    paused: ids(planned.paused),
    running: planned.running,
    settled: planned.settled,
  };
}

type Case = [string, HostElement, Parameters<typeof next>[1], Partial<ReturnType<typeof next>>];

const pair = workflow(task("a"), task("b"));
const both = workflow(parallel(undefined, task("a"), task("b")), task("c"));
const cases: Case[] = [
  ["nothing but the first of a sequence is ready", pair, {}, { ready: ["a"], settled: false }],
  ["the second follows the first", pair, { a: "finished" }, { ready: ["b"] }],
  ["the second follows a first that was skipped", pair, { a: "skipped" }, { ready: ["b"] }],
  ["a failed node stops what follows", pair, { a: "failed" }, { ready: [], failed: "a", settled: false }],
  ["a cancelled node is over", pair, { a: "cancelled" }, { ready: ["b"] }],
  ["a sequence is over with its last child", pair, { a: "finished", b: "finished" }, { ready: [], settled: true }],
  ["a node that runs holds back what follows", pair, { a: "in-progress" }, { ready: [], running: 1 }],
  ["an empty workflow is over", workflow(), {}, { settled: true }],
  ["an empty sequence holds nothing back", workflow(sequence(), task("a")), {}, { ready: ["a"] }],
  ["the children of a Parallel are ready together", both, {}, { ready: ["a", "b"] }],
  ["what follows a Parallel waits for each child", both, { a: "finished" }, { ready: ["b"] }],
  ["a failed child does not stop its neighbours", both, { a: "failed" }, { ready: ["b"], failed: "a" }],
  ["a wait does not count as a start", both, { a: "waiting-event" }, { ready: ["b"], waiting: ["a"] }],
  ["a retry is due at its time", pair, { a: { retryAtMs: 100 } }, { ready: ["a"], paused: [] }],
  ["and not before", pair, { a: { retryAtMs: 101 } }, { ready: [], paused: ["a"] }],
  [
    "several wait for their retries",
    both,
    { a: { retryAtMs: 300 }, b: { retryAtMs: 200 } },
    { ready: [], paused: ["a", "b"] },
  ],
  [
    "with continueOnFail a failure is an end like another",
    workflow(task("a", { continueOnFail: true }), task("b")),
    { a: "failed" },
    { ready: ["b"], failed: undefined },
  ],
  [
    "a dependency holds back",
    workflow(parallel(undefined, task("a"), task("b", { dependsOn: ["a"] }))),
    {},
    { ready: ["a"], blocked: ["b"] },
  ],
  [
    "a dependency that has finished holds nothing back",
    workflow(parallel(undefined, task("a"), task("b", { dependsOn: ["a"] }))),
    { a: "finished" },
    { ready: ["b"], blocked: [] },
  ],
  [
    "a finished dependency that is no longer mounted does not block",
    workflow(task("b", { dependsOn: ["gone"] })),
    { gone: "finished" },
    { ready: ["b"] },
  ],
  ["a dependency that never was is waited for", workflow(task("b", { dependsOn: ["ghost"] })), {}, { blocked: ["b"] }],
  [
    "literals, skips and waits do not count against a limit",
    workflow(
      parallel(1, task("a"), task("b", { kind: "static" }), task("c", { skipIf: true }), task("d", { kind: "timer" })),
    ),
    { a: "in-progress" },
    { ready: ["b", "c", "d"] },
  ],
  [
    "the first in the tree comes first under a limit",
    workflow(parallel(2, task("a"), task("b"), task("c"))),
    {},
    { ready: ["a", "b"], running: 0 },
  ],
  ["a loop repeats when its body has settled", workflow(loop({}, task("a"))), { a: "finished" }, { advance: ["loop"] }],
  [
    "a loop whose until holds is over",
    workflow(loop({ until: true }, task("a")), task("b")),
    { a: "finished" },
    { advance: [], ready: ["b"] },
  ],
  [
    "until is looked at only when the body has settled",
    workflow(loop({ until: true }, task("a"), task("b")), task("c")),
    { a: "finished" },
    { advance: [], ready: ["b"] },
  ],
  [
    "a loop that has run often enough returns its last",
    workflow(loop({ maxIterations: 1 }, task("a")), task("b")),
    { a: "finished" },
    { advance: [], ready: ["b"] },
  ],
  [
    "or fails the run",
    workflow(loop({ maxIterations: 1, onMaxReached: "fail" }, task("a")), task("b")),
    { a: "finished" },
    { advance: [], ready: [], exhausted: "loop", settled: false },
  ],
];

test.each(cases)("%s", (_, tree, states, expected) => {
  expect(next(tree, states)).toMatchObject(expected);
});
