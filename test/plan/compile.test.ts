import { expect, test } from "bun:test";
import type { HostElement } from "../../src/jsx/index.ts";
import { compilePlan } from "../../src/plan/index.ts";
import { loop, parallel, sequence, task, workflow } from "./trees.ts";

const compile = (root: HostElement, loops: Record<string, number> = {}, started: string[] = []) =>
  compilePlan(root, {
    loopIteration: (id) => loops[id] ?? 0,
    hasStarted: (nodeId, iteration) => started.includes(`${nodeId}#${iteration}`),
  });

test("tasks are numbered in the order of the tree, whatever they stand in", () => {
  const plan = compile(
    workflow(task("a"), parallel(2, task("b"), sequence(task("c"), task("d"))), loop({}, task("e")), task("f")),
  );
  expect(plan.workflowName).toBe("test");
  expect(plan.tasks.map(({ nodeId, ordinal }) => [nodeId, ordinal])).toEqual(
    ["a", "b", "c", "d", "e", "f"].map((nodeId, ordinal) => [nodeId, ordinal]),
  );
});

test("a task below several limits counts against each of them", () => {
  const plan = compile(workflow(parallel(3, parallel(undefined, task("a")), parallel(1, task("b"))), task("c")));
  expect(plan.tasks.map(({ groups }) => groups.map(({ limit }) => limit))).toEqual([[3], [3, 1], []]);
});

test("tasks of a loop are those of its current iteration, and tasks outside of it of none", () => {
  const plan = compile(workflow(task("a"), loop({ id: "x" }, task("b")), loop({ id: "y" }, task("c"))), { x: 2 });
  expect(plan.tasks.map(({ nodeId, iteration, loopId }) => [nodeId, iteration, loopId])).toEqual([
    ["a", 0, null],
    ["b", 2, "x"],
    ["c", 0, "y"],
  ]);
});

test("a loop that is over before its body began leaves no task in the plan", () => {
  const tree = workflow(loop({ until: true }, task("a"), task("b")), task("c"));
  expect(compile(tree).tasks.map(({ nodeId }) => nodeId)).toEqual(["c"]);
  expect(compile(tree, {}, ["a#0"]).tasks.map(({ nodeId }) => nodeId)).toEqual(["a", "b", "c"]);
  expect(compile(tree, { loop: 1 }, ["a#0"]).tasks.map(({ nodeId }) => nodeId)).toEqual(["c"]);
});

const refused: [string, string, HostElement][] = [
  ["two tasks of one id", "DUPLICATE_ID", workflow(task("a"), sequence(task("a")))],
  ["two loops of one id", "DUPLICATE_ID", workflow(loop({}, task("a")), loop({}, task("b")))],
  ["a dependency on a later sibling", "CIRCULAR_DEPENDENCY", workflow(task("a", { dependsOn: ["b"] }), task("b"))],
  [
    "a dependency of a loop's body on what follows the loop",
    "CIRCULAR_DEPENDENCY",
    workflow(parallel(undefined, task("x")), loop({}, task("a", { dependsOn: ["b"] })), sequence(task("b"))),
  ],
  [
    "an outer loop with a comma in its id",
    "INVALID_WORKFLOW",
    workflow(loop({ id: "x,y" }, loop({ id: "z" }, task("a")))),
  ],
  ["a circle", "CIRCULAR_DEPENDENCY", workflow(task("a", { dependsOn: ["b"] }), task("b", { dependsOn: ["a"] }))],
];

test.each(refused)("%s is %s", (_, code, tree) => {
  expect(() => compile(tree)).toThrow(expect.objectContaining({ code }));
});

test("nodes of nested loops are named after the iterations around them", () => {
  const tree = workflow(
    loop({ id: "x" }, task("a"), loop({ id: "y" }, task("b"), parallel(undefined, loop({ id: "z" }, task("c"))))),
  );
  const { tasks } = compile(tree, { x: 1, "y@@x=1": 2, "z@@x=1,y=2": 3 });
  expect(tasks.map(({ nodeId, iteration, loopId }) => [nodeId, iteration, loopId])).toEqual([
    ["a", 1, "x"],
    ["b@@x=1", 2, "y@@x=1"],
    ["c@@x=1,y=2", 3, "z@@x=1,y=2"],
  ]);
});

test("a dependency on a later node of another branch is not circular", () => {
  const tree = workflow(parallel(undefined, task("a", { dependsOn: ["b"] }), sequence(task("x"), task("b"))));
  expect(compile(tree).tasks).toHaveLength(3);
});

test("an id in a loop that left no trace is free for another task", () => {
  const tree = workflow(loop({ until: true }, task("a")), task("a"));
  expect(compile(tree).tasks.map(({ loopId }) => loopId)).toEqual([null]);
});

test("a chain of ten thousand dependencies is accepted, and a circular one is named", () => {
  const chain = (first: string[]) =>
    Array.from({ length: 10_000 }, (_, n) => task(`t${n}`, { dependsOn: n === 0 ? first : [`t${n - 1}`] }));
  expect(compile(workflow(...chain([]))).tasks).toHaveLength(10_000);
  expect(() => compile(workflow(...chain(["t9999"])))).toThrow(
    expect.objectContaining({ code: "CIRCULAR_DEPENDENCY" }),
  );
});
