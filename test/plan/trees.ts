import type { HostElement, HostNode, LoopSpec, ParallelSpec, TaskSpec } from "../../src/jsx/index.ts";

/** Host trees as the renderer builds them, written by hand. */
const element = (tag: string, spec: HostElement["spec"], children: HostNode[] = []): HostElement => ({
  kind: "element",
  tag,
  spec,
  shown: {},
  children,
});

export const workflow = (...children: HostNode[]) =>
  element("workflow", { type: "workflow", name: "test", cache: false }, children);

export const sequence = (...children: HostNode[]) => element("sequence", { type: "sequence" }, children);

export const parallel = (maxConcurrency: ParallelSpec["maxConcurrency"], ...children: HostNode[]) =>
  element("parallel", { type: "parallel", maxConcurrency }, children);

export const loop = (spec: Partial<Omit<LoopSpec, "type">>, ...children: HostNode[]) =>
  element(
    "loop",
    {
      type: "loop",
      id: "loop",
      until: false,
      maxIterations: 5,
      onMaxReached: "return-last",
      continueAsNewEvery: undefined,
      ...spec,
    },
    children,
  );

export const task = (id: string, spec: Partial<TaskSpec> = {}) =>
  element("task", {
    type: "task",
    id,
    kind: "compute",
    label: null,
    dependsOn: [],
    skipIf: false,
    continueOnFail: false,
    ...spec,
  } as TaskSpec);
